"""One call while it is answered: when it came, when its work began, and what its log line says."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar

Facts = Mapping[str, object]


def _no_facts() -> Facts:
    return {}


class Call:
    """Written by the thread that answers the call; moments are of `time.perf_counter`."""

    __slots__ = ("arrived", "began", "facts")

    def __init__(self, *, arrived: float) -> None:
        """Begin the work on a call that came at ``arrived``."""
        self.arrived = arrived
        self.began = time.perf_counter()
        self.facts: Callable[[], Facts] = _no_facts
        """For the log line, and asked only where one is written."""

    def begin_work(self) -> None:
        """Count what was waited for until now as queued."""
        self.began = time.perf_counter()

    @property
    def queued_seconds(self) -> float:
        """From when it came to when a thread had its request, and its turn, and began."""
        return self.began - self.arrived

    def worked_seconds(self) -> float:
        """Since then."""
        return time.perf_counter() - self.began

    def whole_seconds(self) -> float:
        """Since it came."""
        return time.perf_counter() - self.arrived


_CURRENT: ContextVar[Call | None] = ContextVar("call", default=None)


def begin_call(*, arrived: float) -> Call:
    """A call that this thread answers from now on."""
    call = Call(arrived=arrived)
    _CURRENT.set(call)
    return call


def end_call() -> None:
    """Nothing is answered by this thread any longer."""
    _CURRENT.set(None)


def current_call() -> Call:
    """The call that this thread answers; one that begins now where it came over no wire."""
    return _CURRENT.get() or Call(arrived=time.perf_counter())
