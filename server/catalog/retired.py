"""Builds that nobody new is served: kept for who still uses them, then given back or dropped."""

from __future__ import annotations

import threading

import structlog

from server.catalog.builds import Builds, Catalog
from server.errors import OmnishelfError
from server.leases import Leased


class RetiredBuilds:
    """Lets builds go after their last search. Any thread."""

    def __init__(self, builds: Builds, *, drain_seconds: float, keep_seconds: float) -> None:
        """``drain_seconds`` is the longest wait for searches; what they use is dropped later.

        ``keep_seconds`` is how long what was replaced stays for other processes, which take up the
        new build a moment later than this one; 0 where there are none.
        """
        self._builds = builds
        self._drain_seconds = drain_seconds
        self._keep_seconds = keep_seconds
        self._ours: dict[int, Leased[Catalog]] = {}
        self._of_others: set[int] = set()
        self._later: list[threading.Timer] = []

    def leased(self, catalog: Catalog) -> Leased[Catalog]:
        """A build to be served."""
        return Leased(catalog, close=self._left)

    def retire(self, leased: Leased[Catalog], *, replaced_here: bool) -> None:
        """Let nobody new in. A build that another process replaced is also dropped by that one."""
        generation = leased.value.generation
        if replaced_here:
            self._ours[generation] = leased
        else:
            self._of_others.add(generation)
        leased.value.bundle.leave()
        leased.retire()

    def drop(self, name: str) -> None:
        """Drop what was replaced here of a catalog, and what a crash left; later for replicas."""
        if not self._keep_seconds:
            self._drop(name)
            return
        timer = threading.Timer(self._keep_seconds, self._drop_quietly, args=(name,))
        timer.daemon = True
        self._later.append(timer)
        timer.start()

    def close(self) -> None:
        """Drop nothing any more; what is left goes with the next replacement. Again: nothing."""
        for timer in self._later:
            timer.cancel()
        for timer in self._later:
            timer.join()

    def _drop(self, name: str) -> None:
        for generation, leased in list(self._ours.items()):
            if leased.value.name == name and leased.wait(self._drain_seconds):
                self._builds.drop(leased.value)
                self._ours.pop(generation, None)
        self._builds.drop_left(name, keep=frozenset(self._ours))

    def _drop_quietly(self, name: str) -> None:
        try:
            self._drop(name)
        except OmnishelfError as error:
            structlog.get_logger().warning("old build not dropped yet", reason=error.reason)

    def _left(self, catalog: Catalog) -> None:
        if catalog.generation in self._of_others:
            self._of_others.discard(catalog.generation)
            catalog.bundle.give_back()
