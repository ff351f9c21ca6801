"""Erases events and searches that are too old, and searches beyond the number that is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from server.catalog.store import Store
from server.errors import OmnishelfError
from server.feedback.counting import DAY_SECONDS, day_of
from server.feedback.tables import counted, events, searches
from server.feedback.wiping import wipe_deleted

EVERY_SECONDS: Final = 600.0

_BATCH: Final = 1_000
# Nothing is erased before it is refused, whatever the clocks of two replicas say: an event that is
# sent again would count twice.
_SLACK_SECONDS: Final = 3_600.0
_PAUSE_SECONDS: Final = 0.02


class Retention:
    """Forgets by age, in a thread of its own between `start` and `close`."""

    def __init__(
        self,
        store: Store,
        *,
        keep_days: float,
        keep_searches: int,
        every_seconds: float = EVERY_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Of searches the newest ``keep_searches`` stay; ``clock`` gives Unix seconds."""
        self._database = store.database
        self._keep_seconds = keep_days * DAY_SECONDS
        self._keep_searches = keep_searches
        self._every_seconds = every_seconds
        self._clock = clock
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Forget now and then."""
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the batch that is being erased; again does nothing."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def forget_older(self, now_seconds: float) -> int:
        """Erase what is too old at that Unix time, or too much; how many events and searches.

        Counts of products stay. It ends early when `close` is called.

        Raises:
            Unavailable, DataCorrupted: the store does not answer; what was erased stays erased.
        """
        before = now_seconds - self._keep_seconds - _SLACK_SECONDS
        erased = self._erase(events, events.c.time_seconds < before)
        erased += self._erase(searches, searches.c.time_seconds < max(before, self._first_kept()))
        self._erase(counted, counted.c.day < day_of(before))
        return erased

    def _first_kept(self) -> float:
        """Time of the oldest search that the number leaves, below every time where all fit."""
        times = select(searches.c.time_seconds).order_by(searches.c.time_seconds.desc())
        with self._database.read() as connection:
            found = connection.execute(times.offset(self._keep_searches - 1).limit(1)).scalar()
        return float("-inf") if found is None else float(found)

    def _erase(self, table: Table, old: ColumnElement[bool]) -> int:
        keys = tuple_(*table.primary_key.columns)
        # Two replicas erase at one time: neither waits for rows that the other has in hand.
        some = (
            select(*table.primary_key.columns)
            .where(old)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        erased, last = 0, _BATCH
        while last == _BATCH and not self._closing.is_set():
            with self._database.write() as connection:
                wipe_deleted(self._database, connection)
                last = connection.execute(delete(table).where(keys.in_(some))).rowcount
            erased += last
            # SQLite has one writer, and those who wait for it must see a chance.
            self._closing.wait(_PAUSE_SECONDS)
        return erased

    def _run(self) -> None:
        while True:
            try:
                self.forget_older(self._clock())
            except OmnishelfError as error:
                structlog.get_logger().warning("old events not erased", reason=error.reason)
            if self._closing.wait(self._every_seconds):
                return
