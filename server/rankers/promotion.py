"""Promotion and rollback: checked here, made ready in every replica, then served by all at once."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ranker import registry
from ranker.archive import unpack
from ranker.version_files import read_files
from server.errors import FailedPrecondition
from server.rankers.replicas import Answers, Replicas
from server.rankers.store import RankerStore
from server.rankers.versions import SETTINGS, ActivationReason, served_in_turn

WAIT_SECONDS: Final = 15.0
"""How long replicas may take to make a version ready."""

_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """What was done.

    Attributes:
        ranker: What is served now: an id, or ``SETTINGS``.
        replaced: What was served before; the same where nothing changed.
        ready: Replicas that hold it ready, and serve it at their next look at the store.
        silent: Replicas that did not answer in time: gone, or they take it up later.
    """

    ranker: str
    replaced: str
    ready: int
    silent: int


class Promoter:
    """Changes which ranker all replicas of a store serve.

    Raises (any method):
        Unavailable: the store does not answer.
        FailedPrecondition: RANKER_REFUSED, a replica cannot serve the version; RANKER_CHANGED,
            somebody else did the same meanwhile. The served ranker stays.
    """

    def __init__(
        self, store: RankerStore, *, replicas: Replicas, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self._store = store
        self._replicas = replicas
        self._wait_seconds = wait_seconds

    def promote_directory(self, directory: Path, *, by: str) -> Promotion:
        """Check the version in a directory as a server would, store it, and serve it.

        Raises:
            ranker.errors.ModelRefused: it must not be served.
        """
        files = read_files(directory)
        ranker = registry.load_files(files, directory=directory).id
        self._store.keep(ranker, files)
        return self._serve(ranker, by=by)

    def promote_stored(self, ranker: str, *, by: str) -> Promotion:
        """Serve a version that the store has, checked anew.

        Raises:
            NotFound: RANKER_NOT_FOUND, the store does not have it.
            DataCorrupted: RANKER_HASH, its stored files are damaged.
            ranker.errors.ModelRefused: it must not be served.
        """
        self._check(ranker)
        return self._serve(ranker, by=by)

    def rollback(self, *, by: str) -> Promotion:
        """Serve the ranker that the served one replaced, see `versions.served_in_turn`.

        Raises:
            FailedPrecondition: RANKER_NO_EARLIER, nothing was promoted, or all was rolled back.
            DataCorrupted, ranker.errors.ModelRefused: the earlier version must not be served.
        """
        activations = self._store.activations()
        turns = served_in_turn(activations)
        if len(turns) == 1:
            message = (
                "there is no earlier ranker: the one of each server's settings is served; promote "
                "another with `omnishelf ranker promote`"
            )
            raise FailedPrecondition(message, reason="RANKER_NO_EARLIER")
        earlier, served = turns[-2], turns[-1]
        answers = self._replicas.answers(earlier)
        if answers.silent or answers.refused or not answers.ready:
            if earlier != SETTINGS:
                self._check(earlier)
            answers = self._made_ready(earlier)
        self._store.activate(
            earlier,
            after=activations[-1].number,
            reason=ActivationReason.ROLLBACK,
            activated_by=by,
        )
        return _done(earlier, replaced=served, answers=answers)

    def _serve(self, ranker: str, *, by: str) -> Promotion:
        activations = self._store.activations()
        served = served_in_turn(activations)[-1]
        answers = self._made_ready(ranker)
        if ranker != served:
            self._store.activate(
                ranker,
                after=activations[-1].number if activations else 0,
                reason=ActivationReason.PROMOTE,
                activated_by=by,
            )
        return _done(ranker, replaced=served, answers=answers)

    def _check(self, ranker: str) -> None:
        packed = self._store.archive(ranker)
        with tempfile.TemporaryDirectory(prefix="omnishelf-") as folder:
            directory = Path(folder, ranker)
            unpack(packed, directory)
            registry.load(directory)

    def _made_ready(self, ranker: str) -> Answers:
        """What every replica says of the version once it has tried it."""
        self._replicas.drop_answers(ranker)
        self._store.announce(ranker)
        stop = time.monotonic() + self._wait_seconds
        while True:
            answers = self._replicas.answers(ranker)
            if answers.refused:
                replica, refusal = next(iter(answers.refused.items()))
                message = f"replica {replica[:8]} cannot serve {ranker}, so none does: {refusal}"
                raise FailedPrecondition(message, reason="RANKER_REFUSED")
            if not answers.silent:
                return answers
            if time.monotonic() >= stop:
                self._replicas.drop(answers.silent)
                return answers
            time.sleep(_LOOK_SECONDS)


def _done(ranker: str, *, replaced: str, answers: Answers) -> Promotion:
    return Promotion(
        ranker=ranker, replaced=replaced, ready=len(answers.ready), silent=len(answers.silent)
    )
