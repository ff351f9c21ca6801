"""Sends the requests of a round when they are due, and writes down how each ended."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final

import numpy as np

from benchmarks.load.lookout import Lookout
from benchmarks.load.measured import Float64Array, Plan
from benchmarks.load.target import Connection, Outcome

UNANSWERED: Final = "UNANSWERED"

_LEAD_SECONDS = 0.01
"""From the decision to start until the round's time 0."""
_SPIN_SECONDS = 0.0002
"""A sleep ends late by about a tenth of a millisecond: the last bit is waited for awake."""
_LATEST_SECONDS = 1.0
"""An open loop that is so late after its last arrival is due sends no more."""
_LOOK_SECONDS = 0.05
_GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What was sent, and how it ended: n of each; the times as in `MeasuredRound`.

    ``standstill_seconds`` is how much later than it meant the sender was awake, at most.
    """

    sent_seconds: Float64Array
    done_seconds: Float64Array
    statuses: tuple[str, ...]
    replies: tuple[bytes, ...]
    standstill_seconds: float


class Column:
    """Takes notes of one round; outcomes may come from any thread."""

    def __init__(self, *, count: int, keep_replies: bool) -> None:
        self.base = time.perf_counter() + _LEAD_SECONDS
        self.sent: list[float] = []
        self.standstill = 0.0
        self._expected = float("inf")
        self.ended: SimpleQueue[int] | None = None
        self._keep = keep_replies
        self._done = np.full(count, np.nan)
        self._statuses = [UNANSWERED] * count
        self._replies = [b""] * count
        self._outcomes: list[int] = []
        self.lookout: Lookout | None = None

    def now(self) -> float:
        """Seconds of the round's clock."""
        return time.perf_counter() - self.base

    def end(self, place: int, outcome: Outcome) -> None:
        """Write down an outcome, now."""
        self._done[place] = time.perf_counter() - self.base
        self._statuses[place] = outcome.status
        if self._keep:
            self._replies[place] = outcome.reply
        self._outcomes.append(place)
        if outcome.status == "UNAVAILABLE" and self.lookout is not None:
            self.lookout.worry()
        if self.ended is not None:
            self.ended.put(place)

    def awake(self, *, within: float = 0.0) -> float:
        """Say that the sender is at work and will say so again ``within`` so many seconds.

        What is more than that is a standstill of the whole process. Returns the time it is.
        """
        now = self.now()
        self.standstill = max(self.standstill, now - self._expected)
        self._expected = now + within
        return now

    def sleep_until(self, due: float) -> float:
        """Wait for a time of the round's clock; returns the time it is then."""
        while True:
            now = self.awake()
            left = due - now
            if left <= 0:
                return now
            if left > _SPIN_SECONDS:
                self.awake(within=left - _SPIN_SECONDS)
                time.sleep(left - _SPIN_SECONDS)
            else:
                time.sleep(0)  # lets the thread that hears outcomes have the interpreter

    def wait_for_outcomes(self, timeout_seconds: float, *, lookout: Lookout) -> None:
        """Wait until every request sent has ended, or must have."""
        last = self.sent[-1] if self.sent else 0.0
        while len(self._outcomes) < len(self.sent):
            give_up = (0.0 if lookout.gone else timeout_seconds) + _GRACE_SECONDS
            if self.now() > last + give_up:
                return
            # Outcomes carry their own time stamps; this only decides when to stop waiting.
            time.sleep(0.002)

    def columns(self) -> Columns:
        """What is known now; an outcome that comes later changes it no more."""
        count = len(self.sent)
        return Columns(
            sent_seconds=np.asarray(self.sent, dtype=np.float64),
            done_seconds=self._done[:count].copy(),
            statuses=tuple(self._statuses[:count]),
            replies=tuple(self._replies[:count]),
            standstill_seconds=self.standstill,
        )


def send_open(
    plan: Plan,
    requests: Sequence[bytes],
    *,
    connection: Connection,
    column: Column,
    lookout: Lookout,
) -> None:
    """Send each request when it is due, whatever became of those before it."""
    column.lookout = lookout
    due_seconds, places = plan.due_seconds.tolist(), plan.places.tolist()
    latest = due_seconds[-1] + _LATEST_SECONDS if due_seconds else 0.0
    column.base = time.perf_counter() + _LEAD_SECONDS
    for number, (due, place) in enumerate(zip(due_seconds, places, strict=True)):
        now = _due(due, column=column, lookout=lookout)
        if lookout.gone or now > latest:
            return
        column.sent.append(now)
        connection.ask(
            requests[place], partial(column.end, number), timeout_seconds=plan.timeout_seconds
        )


def _due(due: float, *, column: Column, lookout: Lookout) -> float:
    """Wait in steps, so that a server that is gone ends a round with long gaps too."""
    while not lookout.gone:
        now = column.now()
        if due - now <= _LOOK_SECONDS:
            return column.sleep_until(due)
        column.sleep_until(now + _LOOK_SECONDS)
    return column.now()


def send_closed(
    plan: Plan,
    requests: Sequence[bytes],
    *,
    connection: Connection,
    column: Column,
    lookout: Lookout,
    seconds: float,
) -> None:
    """Keep ``plan.callers`` requests under way, until so many seconds or the plan's end."""
    column.lookout = lookout
    free: SimpleQueue[int] = SimpleQueue()
    for caller in range(plan.callers):
        free.put(caller)
    column.ended = free
    column.base = time.perf_counter()
    for number, place in enumerate(plan.places.tolist()):
        if not _caller_free(free, until=seconds, column=column, lookout=lookout):
            return
        column.sent.append(column.awake())
        connection.ask(
            requests[place], partial(column.end, number), timeout_seconds=plan.timeout_seconds
        )


def _caller_free(free: SimpleQueue[int], *, until: float, column: Column, lookout: Lookout) -> bool:
    """Wait for a caller that was answered; False when the loop is over.

    Every request ends by its own deadline, so somebody is free by then.
    """
    while not lookout.gone and column.awake(within=_LOOK_SECONDS) < until:
        try:
            free.get(timeout=_LOOK_SECONDS)
        except Empty:
            continue
        return True
    return False
