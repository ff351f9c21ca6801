"""Turns to work: so many searches at one time, the others in the order they came."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from server.deadline import Deadline
from server.errors import DeadlineExceeded


class WorkTurns:
    """At most n hold a turn; whoever waits longest is next, and nobody overtakes.

    Where searches compete for the same cores, working on all at once makes all of them late: in
    turn, each costs the same and most are done sooner (first come, first served has the shorter
    tail where jobs are alike: Wierman and Zwart, Operations Research 60(5), 2012).
    """

    def __init__(self, most: int) -> None:
        """``most`` is n; 0 for no limit."""
        self._unlimited = most == 0
        self._free = most
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def taken(self, deadline: Deadline) -> Iterator[None]:
        """A block that holds a turn.

        Raises:
            DeadlineExceeded: The caller's time was over before it had one.
        """
        if self._unlimited:
            yield
            return
        self._take(deadline)
        try:
            yield
        finally:
            self._give_back()

    def _take(self, deadline: Deadline) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(deadline.timeout_seconds()):
            return
        with self._lock:
            given = mine.is_set()
            if not given:
                self._waiting.remove(mine)
        if given:  # at the last moment
            self._give_back()
        raise DeadlineExceeded(
            "the deadline passed while earlier searches were worked on; allow more time, or ask"
            " less at one time"
        )

    def _give_back(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
