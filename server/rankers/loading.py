"""Opens rankers by id: files of the store put on this machine's disk, checked, tried and loaded."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from ranker import registry
from ranker.archive import unpack
from ranker.baseline import RetrievalOrder
from ranker.errors import ModelRefused, RankingError
from ranker.protocol import Ranker
from ranker.registry import Engine
from server.errors import DataCorrupted, FailedPrecondition, NotFound
from server.rankers.store import RankerStore
from server.rankers.versions import SETTINGS

REFUSALS: Final = (RankingError, NotFound, DataCorrupted, FailedPrecondition)
"""What says that a ranker cannot be served here; each has a ``reason``. A store that does not
answer is none of them."""


class RankerLoader:
    """Loads rankers for one server."""

    def __init__(
        self, store: RankerStore, *, folder: Path, named: Path | None, engine: Engine = "auto"
    ) -> None:
        """Keep the files of versions in subfolders of ``folder``.

        Args:
            store: Where the files of versions are.
            folder: Of this server alone; what is in it may be removed.
            named: Directory of the ranker that the settings name; None for the one that ships.
            engine: What may run the trees.
        """
        self._store = store
        self._folder = folder
        self._named = named
        self._engine = engine

    def load(self, ranker: str) -> Ranker:
        """The version with this id, or what ``SETTINGS`` stands for here. Takes about a second.

        Raises:
            Unavailable: the store does not answer.
            REFUSALS: it cannot be served here.
        """
        if ranker == SETTINGS:
            return self.shipped() if self._named is None else self._opened(self._named)
        directory = self._folder / ranker
        packed = self._store.archive(ranker)
        try:
            unpack(packed, directory)
        except OSError as error:
            message = (
                f"the files of {ranker} cannot be written to {directory} ({error.strerror}); make "
                "room there or correct its permissions"
            )
            raise FailedPrecondition(message, reason="RANKER_FOLDER") from error
        opened = self._opened(directory)
        if opened.id != ranker:
            raise ModelRefused(
                f"The store has {opened.id} under the id {ranker}; promote its directory again.",
                reason="RANKER_HASH",
            )
        return opened

    def shipped(self) -> Ranker:
        """The ranker that ships, retrieval order where none does.

        Raises:
            ModelRefused: its files are broken.
        """
        default = registry.DEFAULT_DIRECTORY
        return self._opened(default) if default.is_dir() else RetrievalOrder()

    def discard(self, ranker: str) -> None:
        """Remove the files of a version from this machine; from the store they can come again."""
        if ranker != SETTINGS:
            shutil.rmtree(self._folder / ranker, ignore_errors=True)

    def _opened(self, directory: Path) -> Ranker:
        return registry.load(directory, engine=self._engine)
