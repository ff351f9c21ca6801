"""Opens versions of the ranker for commands that read recorded searches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from ranker import registry
from ranker.archive import unpack
from ranker.errors import ModelRefused
from ranker.linear_file import TWIN_SUFFIX
from ranker.manifest import MODEL_FILE, read_manifest
from ranker.protocol import Ranker
from server.catalog.store import Store
from server.rankers.loading import REFUSALS, RankerLoader
from server.rankers.store import RankerStore
from server.rankers.versions import SETTINGS
from server.settings import Settings


def recorded_rankers(
    settings: Settings, store: Store, *, folder: Path
) -> Callable[[str], Ranker | None]:
    """A function from an id to the ranker; None where it cannot be had any more.

    It looks at the version the settings name, at the one that ships, and in the store, whose files
    it puts into ``folder``. Each is loaded once.
    """
    kept = RankerStore(store.database, changes=store.changes)
    loader = RankerLoader(kept, folder=folder, named=settings.ranking.ranker)
    directories = dict(_identified(settings))

    @cache
    def find(ranker_id: str) -> Ranker | None:
        version = ranker_id.removesuffix(TWIN_SUFFIX)
        directory = directories.get(version)
        try:
            loaded = loader.load(version) if directory is None else registry.load(directory)
        except REFUSALS:
            return None
        return loaded if version == ranker_id else getattr(loaded, "twin", None)

    return find


def served_version(settings: Settings, store: Store, *, folder: Path) -> Path:
    """Directory of the version that servers of this store serve; one of the store in ``folder``.

    Raises:
        ModelRefused, DataCorrupted: the stored version is damaged.
    """
    kept = RankerStore(store.database, changes=store.changes)
    served = kept.active()
    if served == SETTINGS:
        return settings.ranking.ranker or registry.DEFAULT_DIRECTORY
    unpack(kept.archive(served), folder / served)
    return folder / served


def _identified(settings: Settings) -> Iterator[tuple[str, Path]]:
    for directory in (registry.DEFAULT_DIRECTORY, settings.ranking.ranker):
        if directory is None:
            continue
        try:
            manifest = read_manifest(directory)
        except ModelRefused:
            continue
        yield f"{manifest.name}@{manifest.files[MODEL_FILE][:12]}", directory
