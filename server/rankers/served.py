"""The ranker that answers now, and how another takes its place between two requests."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from ranker.protocol import Ranker
from server.catalog.changes import Change
from server.errors import OmnishelfError
from server.rankers.first import first_ranker
from server.rankers.health import RankerHealth, Refused, health_of
from server.rankers.loading import REFUSALS, RankerLoader
from server.rankers.replicas import Replicas
from server.rankers.store import RankerStore
from server.rankers.versions import served_in_turn

KEPT_LOADED: Final = 3
"""Rankers held in memory: the one served, and those that a rollback would bring back."""

_RETRY_SECONDS: Final = 0.5


class CurrentRanker(Protocol):
    """Where requests get their ranker: once each, so that a whole answer is of one version."""

    @property
    def current(self) -> Ranker:
        """The ranker to answer with; costs nothing."""

    @property
    def health(self) -> RankerHealth:
        """How it fares; costs nothing either, and any thread may ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedRanker:
    """A `CurrentRanker` that never changes: for ranking that is switched off, and for tests."""

    current: Ranker

    @property
    def health(self) -> RankerHealth:
        """Of a ranker that nothing else can be promoted over."""
        return health_of(self.current)


class ServedRanker:
    """A `CurrentRanker` that follows the store.

    A version is taken up in two steps, so that the second costs no time. When it is announced, a
    thread of this object's own puts its files on disk, tries them in a child process, loads them,
    and answers whether they serve here (`Replicas`). When it is activated, ``current`` becomes
    another object: requests under way keep theirs. A version that is refused changes nothing but
    ``refused``.
    """

    def __init__(self, store: RankerStore, *, replicas: Replicas, loader: RankerLoader) -> None:
        """Load the ranker to start with, see `first_ranker`, which says what is raised."""
        self._store = store
        self._replicas = replicas
        self._loader = loader
        self._turns = served_in_turn(store.activations())
        first = first_ranker(loader, self._turns)
        self._current = first.ranker
        self._ready: dict[str, Ranker] = {first.id: first.ranker} if first.id else {}
        self._serving = first.id
        self._active = self._turns[-1]
        self._refused = first.refused
        self._settling = threading.Lock()
        self._announced: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def current(self) -> Ranker:
        """The ranker that answers now."""
        return self._current

    @property
    def refused(self) -> Refused | None:
        """A version, promoted or to be, that could not be served here; None since the last swap."""
        return self._refused

    @property
    def health(self) -> RankerHealth:
        """How the ranker that answers now fares."""
        refused = self._refused
        promoted = refused is not None and refused.ranker == self._active
        return health_of(self._current, refused=refused if promoted else None)

    def start(self) -> None:
        """Take versions up until `close`, and be waited for by promotions.

        Raises:
            Unavailable: the store does not answer.
        """
        self._replicas.enter()
        for ranker in self._ready:
            self._replicas.answer(ranker)
        self._thread = threading.Thread(target=self._prepare_all, name="rankers", daemon=True)
        self._thread.start()
        # What a rollback would bring back shall be at hand.
        for ranker in self._turns[-KEPT_LOADED:-1]:
            self._announced.put(ranker)

    def take_up(self, changes: Sequence[Change] = ()) -> None:
        """Serve what the store says, now if it is ready, else as soon as it is.

        The handler of `ChangeKind.RANKER`, and, without arguments, what loads anew where changes
        were missed. A change's key is a version that was announced.

        Raises:
            Unavailable: the store does not answer.
        """
        for change in changes:
            if change.key:
                self._announced.put(change.key)
        active = self._settle()
        if active != self._serving:
            self._announced.put(active)

    def close(self) -> None:
        """Follow no longer; ``current`` stays. Again does nothing."""
        if self._thread is None:
            return
        self._closing.set()
        self._announced.put(None)
        self._thread.join()
        self._thread = None
        try:
            self._replicas.leave()
        except OmnishelfError as error:
            structlog.get_logger().warning("replica still listed", reason=error.reason)

    def _settle(self) -> str:
        """Serve the active version if it is ready; its id."""
        with self._settling:
            active = self._active = self._store.active()
            ready = self._ready.pop(active, None)
            if ready is not None:
                self._ready[active] = ready
                if active != self._serving:
                    self._current, self._serving = ready, active
                    self._refused = None
                    health = health_of(ready)
                    structlog.get_logger().info(
                        "ranker taken up",
                        ranker=health.ranker,
                        engine=health.engine,
                        engine_reason=health.engine_reason,
                    )
            return active

    def _prepare_all(self) -> None:
        failing = False
        while (ranker := self._announced.get()) is not None and not self._closing.is_set():
            try:
                self._prepare(ranker)
                self._settle()
                self._make_room()
                failing = False
            except OmnishelfError as error:
                if not failing:
                    structlog.get_logger().warning("rankers not followed", reason=error.reason)
                failing = True
                if not self._closing.wait(_RETRY_SECONDS):
                    self._announced.put(ranker)

    def _prepare(self, ranker: str) -> None:
        if ranker not in self._ready:
            try:
                loaded = self._loader.load(ranker)
            except REFUSALS as refusal:
                self._refuse(ranker, reason=refusal.reason, detail=str(refusal))
                return
            with self._settling:
                self._ready[ranker] = loaded
        self._replicas.answer(ranker)

    def _refuse(self, ranker: str, *, reason: str, detail: str) -> None:
        refused = Refused(ranker=ranker, reason=reason)
        if refused != self._refused:
            structlog.get_logger().warning(
                "ranker refused", ranker=ranker, reason=reason, detail=detail
            )
        self._refused = refused
        self._replicas.answer(ranker, refused=detail)

    def _make_room(self) -> None:
        with self._settling:
            spare = [each for each in self._ready if each != self._serving]
            dropped = spare[: max(0, len(self._ready) - KEPT_LOADED)]
            for ranker in dropped:
                del self._ready[ranker]
        for ranker in dropped:
            self._replicas.forget(ranker)
            self._loader.discard(ranker)
