"""How many requests may be under way to one Triton: a slot each, first come, first served."""

from __future__ import annotations

import threading
from collections import deque

from server.deadline import Deadline
from server.encoders.triton_memory import Region
from server.errors import DeadlineExceeded


class Slot:
    """Leave to have one request under way, and the region that its pictures may lie in."""

    def __init__(self) -> None:
        self.region: Region | None = None


class _Waiter:
    """A caller who waits: the slot handed over, and what wakes it."""

    def __init__(self) -> None:
        self.slot: Slot | None = None
        self.woken = threading.Event()


class Slots:
    """A fixed number of slots, shared by every caller. May be used from any thread.

    A slot given back goes straight to whoever has waited longest: who gives one back and asks again
    at once would else have it before a waiting thread wakes, time after time. Of free slots the one
    given back last is taken first, so that quiet hours use few regions.
    """

    def __init__(self, count: int) -> None:
        self.all = tuple(Slot() for _ in range(count))
        self._free = list(self.all)
        self._waiting: deque[_Waiter] = deque()
        self._lock = threading.Lock()
        self._given = threading.Condition(self._lock)

    def take_free(self) -> Slot | None:
        """A slot if one is free now."""
        with self._lock:
            return self._free.pop() if self._free else None

    def take(self, *, deadline: Deadline) -> Slot:
        """A slot, waited for as long as the deadline lets us.

        Raises:
            DeadlineExceeded: ``TRITON_BUSY`` when none came free in time, ``CALLER_LEFT`` when the
                caller left first.
        """
        waiter = _Waiter()
        with self._lock:
            if self._free:
                return self._free.pop()
            self._waiting.append(waiter)
        cancellation = deadline.cancellation
        forget = cancellation.on_cancel(waiter.woken.set) if cancellation else lambda: None
        waiter.woken.wait(deadline.timeout_seconds())
        forget()
        with self._lock:
            if waiter.slot is not None:
                return waiter.slot
            self._waiting.remove(waiter)
        raise _too_late(deadline)

    def give(self, slot: Slot) -> None:
        """Give a slot back once its request has ended or nobody wants its answer."""
        with self._lock:
            if not self._waiting:
                self._free.append(slot)
                self._given.notify_all()
                return
            waiter = self._waiting.popleft()
            waiter.slot = slot
        waiter.woken.set()

    def await_all(self, seconds: float) -> bool:
        """Wait until every slot is free, at most so long; whether every one is."""
        with self._given:
            return self._given.wait_for(lambda: len(self._free) == len(self.all), seconds)


def _too_late(deadline: Deadline) -> DeadlineExceeded:
    if deadline.cancelled:
        return DeadlineExceeded("the caller left before Triton was asked", reason="CALLER_LEFT")
    return DeadlineExceeded(
        "every request that may be under way to Triton was still under way; raise"
        " triton.max_in_flight or give its models more instances",
        reason="TRITON_BUSY",
    )
