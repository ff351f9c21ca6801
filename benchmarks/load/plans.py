"""The plan of each round of a run, by its number: every system of a round has the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.load.arrivals import constant, in_order, in_turn, poisson, replayed
from benchmarks.load.measured import Plan
from benchmarks.workloads.workload import Workload
from server.errors import InvalidRequest, Violation


class Arrivals(StrEnum):
    """When requests are due in an open loop."""

    CONSTANT = "constant"
    POISSON = "poisson"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How hard a system is pressed.

    Attributes:
        arrivals: When requests are due.
        rate: Requests a second; of a replayed recording and a closed loop, ignored.
        speed: How many times as fast as recorded.
        callers: Of a closed loop; 0 for an open one.
        seconds: Of a round.
        timeout_seconds: Of a request.
        seed: Of Poisson arrivals.
    """

    arrivals: Arrivals = Arrivals.POISSON
    rate: float = 20.0
    speed: float = 1.0
    callers: int = 0
    seconds: float = 10.0
    timeout_seconds: float = 10.0
    seed: int = 2026

    @property
    def name(self) -> str:
        """As results have it."""
        return "closed" if self.callers else self.arrivals.value

    @property
    def asked_rate(self) -> float | None:
        """The rate asked for, where there was one."""
        return None if self.callers or self.arrivals is Arrivals.REPLAYED else self.rate


def plans(pace: Pace, workload: Workload) -> Callable[[int], Plan]:
    """Rounds that go on in the workload where the one before ended; a recording starts anew.

    Raises:
        InvalidRequest: the workload was drawn, and is to be replayed; or a number is not above 0.
    """
    questions = len(workload.questions)
    if pace.callers:
        return lambda number: in_turn(
            pace.callers,
            seconds=pace.seconds,
            questions=questions,
            # Nobody knows how far a closed loop came: rounds start apart.
            first=number * questions // 7,
            timeout_seconds=pace.timeout_seconds,
        )
    if pace.arrivals is Arrivals.REPLAYED:
        times = _recorded(workload)
        due = replayed(times, speed=pace.speed, seconds=pace.seconds)
        return lambda _: in_order(due, questions=questions, timeout_seconds=pace.timeout_seconds)
    each = round(pace.rate * pace.seconds)

    def plan(number: int) -> Plan:
        if pace.arrivals is Arrivals.CONSTANT:
            due = constant(pace.rate, seconds=pace.seconds)
        else:
            due = poisson(pace.rate, seconds=pace.seconds, seed=abs(pace.seed + number))
        return in_order(
            due, questions=questions, first=number * each, timeout_seconds=pace.timeout_seconds
        )

    return plan


def _recorded(workload: Workload) -> list[float]:
    times = [each.due_seconds for each in workload.questions if each.due_seconds is not None]
    if len(times) < len(workload.questions):
        violation = Violation(
            field="--arrivals",
            reason="NOT_RECORDED",
            description=f"{workload.name} was drawn and has no times; record a workload with "
            "`omnishelf serve --record FILE`, or ask for --arrivals poisson",
        )
        raise InvalidRequest([violation])
    return times
