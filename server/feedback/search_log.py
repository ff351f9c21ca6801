"""Takes answered searches from the request path and has a thread write them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from server.errors import OmnishelfError
from server.feedback.search_record import SearchRecord

WAITING: Final = 2_000
"""Searches that wait at most; with 50 places of 50 features about 20 MB."""

_BATCH: Final = 200
_GATHER_SECONDS: Final = 0.2


class SearchWriter(Protocol):
    """Keeps searches: `server.feedback.search_store.SearchStore`, or a double."""

    def write(self, records: Sequence[SearchRecord]) -> None:
        """Make them durable, or raise OmnishelfError."""


class SearchLog:
    """Records searches beside their answers: a search never waits for it and never fails by it.

    What cannot be written is dropped and counted: a search that is not recorded teaches nothing,
    and that is all.
    """

    def __init__(
        self,
        store: SearchWriter,
        *,
        when_dropped: Callable[[int], None] | None = None,
        waiting: int = WAITING,
    ) -> None:
        """``when_dropped`` is told of every loss, in any thread; it must not raise."""
        self._store = store
        self._when_dropped = when_dropped
        self._most = waiting
        self._waiting: deque[SearchRecord] = deque()
        self._changed = threading.Condition()
        self._noted = self._done = self._flushing = 0
        self._closing = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="searches", daemon=True)
        self._thread.start()

    def note(self, record: SearchRecord) -> None:
        """Have a search written within a second; dropped where too many wait, or after `close`."""
        with self._changed:
            if taken := not self._closing and len(self._waiting) < self._most:
                self._waiting.append(record)
                self._noted += 1
                # The thread is woken where it has something to do, not at every search.
                if len(self._waiting) in {1, _BATCH}:
                    self._changed.notify_all()
        if not taken:
            self._dropped(1)

    def flush(self) -> None:
        """Wait until what was noted before is written or dropped."""
        with self._changed:
            last = self._noted
            self._flushing += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._done >= last)
            self._flushing -= 1

    def close(self) -> None:
        """Write what waits and end; again does nothing."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            self._write(batch)
            with self._changed:
                self._done += len(batch)
                self._changed.notify_all()

    def _next(self) -> list[SearchRecord]:
        """What is to be written together; nothing at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            # A batch costs one wait for the disk: more searches may come to share it.
            self._changed.wait_for(
                lambda: self._closing or self._flushing or len(self._waiting) >= _BATCH,
                timeout=_GATHER_SECONDS,
            )
            return [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]

    def _write(self, batch: Sequence[SearchRecord]) -> None:
        try:
            self._store.write(batch)
        except (OmnishelfError, SQLAlchemyError) as error:
            self._dropped(len(batch))
            if not self._failing:
                reason = getattr(error, "reason", type(error).__name__)
                structlog.get_logger().warning("searches not recorded", reason=reason)
            self._failing = True
        else:
            self._failing = False

    def _dropped(self, number: int) -> None:
        if self._when_dropped is not None:
            self._when_dropped(number)
