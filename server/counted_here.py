"""Brings what this process counted into its own tables, a few times a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import structlog

from server.catalog.builds import Catalog
from server.catalog.counts import LiveCounts
from server.errors import OmnishelfError

EVERY_SECONDS: Final = 0.25
"""As often as replicas look for what others counted."""


class CountedHere:
    """Takes counts up in a thread of its own, so that who records events does not wait for it."""

    def __init__(
        self,
        counts: LiveCounts,
        *,
        find: Callable[[str], Catalog | None],
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        """``find`` gives a catalog by name, None where there is none."""
        self._counts = counts
        self._find = find
        self._every_seconds = every_seconds
        self._waiting: set[str] = set()
        self._adding = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="counts", daemon=True)

    def start(self) -> None:
        """Take up until `close`."""
        self._thread.start()

    def note(self, catalog: str) -> None:
        """Events of a catalog were counted; never waits for the store."""
        with self._adding:
            self._waiting.add(catalog)

    def take_up(self) -> None:
        """Take up what waits; a catalog that cannot be is asked for again the next time.

        Raises:
            OmnishelfError: the store does not answer, or a catalog is not open here.
        """
        with self._adding:
            waiting, self._waiting = self._waiting, set()
        while waiting:
            name = next(iter(waiting))
            try:
                catalog = self._find(name)
                if catalog is not None:
                    self._counts.take_up(catalog)
            except OmnishelfError:
                with self._adding:
                    self._waiting |= waiting
                raise
            waiting.discard(name)

    def close(self) -> None:
        """Stop; what was not taken up is in the store. Again does nothing."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        failing = False
        while not self._closing.wait(self._every_seconds):
            try:
                self.take_up()
                failing = False
            except OmnishelfError as error:
                if not failing:
                    structlog.get_logger().warning("counts not taken up", reason=error.reason)
                failing = True
