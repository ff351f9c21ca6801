"""Finds the highest rate within a stated tail: doubles until it fails, then bisects."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from server.errors import InvalidRequest, Violation

ERROR_SHARE: Final = 0.001
"""Fewer than one request in a thousand may fail."""
PRECISION: Final = 0.05
"""How near, as a share of it, the highest rate is told."""

_MOST_PROBES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One round at one rate.

    Attributes:
        rate: Requests a second that were due.
        p50_ms: From when each was due.
        p99_ms: The same.
        throughput: Requests a second answered with OK.
        error_share: Of the requests, those that ended otherwise, 0 to 1.
        valid: Whether the round kept its promises; an invalid one holds no rate.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    throughput: float
    error_share: float
    valid: bool = True

    def within(self, limit_ms: float) -> bool:
        """Whether the rate was held."""
        return self.valid and self.p99_ms <= limit_ms and self.error_share < ERROR_SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class HighestRate:
    """The highest rate held, over the rounds of each rate.

    Attributes:
        median: Requests a second; 0 where not even the lowest rate tried was held.
        low: The least that a round's own answer was.
        high: The most.
        limit_ms: For p99, from when requests were due.
        curve: Every probe, by rising rate.
    """

    median: float
    low: float
    high: float
    limit_ms: float
    curve: tuple[Probe, ...]

    def invalid_within(self) -> float | None:
        """The lowest rate with a round that kept the limit and was invalid all the same.

        Such a round holds no rate, but it was the client or its machine that failed: the server
        may hold more than was found.
        """
        within = (
            each.rate
            for each in self.curve
            if not each.valid and each.p99_ms <= self.limit_ms and each.error_share < ERROR_SHARE
        )
        return min(within, default=None)

    def interval(self) -> dict[str, float]:
        """The rate as results hold it."""
        return {"median": self.median, "low": self.low, "high": self.high}

    def records(self) -> list[dict[str, object]]:
        """The curve as results hold it."""
        return [
            {
                "rate": each.rate,
                "p50": each.p50_ms,
                "p99": each.p99_ms,
                "throughput": each.throughput,
                "valid": each.valid,
            }
            for each in self.curve
        ]

    def figures(self) -> dict[str, object]:
        """All of it as results hold it."""
        return {
            "highest_rate": self.interval(),
            "p99_limit_ms": self.limit_ms,
            "curve": self.records(),
        }


def highest_rate(
    probe: Callable[[float, int], Probe],
    *,
    limit_ms: float,
    start: float = 10.0,
    rounds: int = 3,
    precision: float = PRECISION,
) -> HighestRate:
    """Probe rates until the highest one held is known to ``precision``.

    A rate is held when most of its rounds hold it.

    Args:
        probe: Runs one round at a rate; the second argument numbers the rounds of that rate from 0
            (a seed).
        limit_ms: p99 that must be kept, from when requests were due.
        start: The first rate; halved while it is not held, down to a thousandth.
        rounds: How often each rate is probed; odd.
        precision: Bisect until the bracket is so narrow, as a share of its lower end.

    Raises:
        InvalidRequest: an argument is not above 0, or ``rounds`` is even.
    """
    return highest_rates(
        {"": probe}, limit_ms=limit_ms, start=start, rounds=rounds, precision=precision
    )[""]


def highest_rates(
    probes: Mapping[str, Callable[[float, int], Probe]],
    *,
    limit_ms: float,
    start: float = 10.0,
    rounds: int = 3,
    precision: float = PRECISION,
) -> dict[str, HighestRate]:
    """The same for several systems, in turn round by round, so that a slow spell slows all."""
    _refuse_wrong(limit_ms=limit_ms, start=start, precision=precision, rounds=rounds)
    searches = {name: _search(start, precision=precision) for name in probes}
    wanted = {name: next(search) for name, search in searches.items()}
    seen: dict[str, dict[float, tuple[Probe, ...]]] = {name: {} for name in probes}
    while wanted:
        given: dict[str, list[Probe]] = {name: [] for name in wanted}
        for number in range(rounds):
            order = list(wanted)
            for name in reversed(order) if number % 2 else order:
                given[name].append(probes[name](wanted[name], number))
        for name, made in given.items():
            seen[name][wanted[name]] = tuple(made)
            held = sum(each.within(limit_ms) for each in made) > rounds / 2
            try:
                wanted[name] = searches[name].send(held)
            except StopIteration:
                del wanted[name]
    return {name: _told(rates, limit_ms=limit_ms) for name, rates in seen.items()}


def _search(start: float, *, precision: float) -> Generator[float, bool, None]:
    """Yields the next rate to try, is sent whether it was held."""
    held, failed, rate = 0.0, 0.0, start
    for _ in range(_MOST_PROBES):
        if (yield rate):
            held = max(held, rate)
        else:
            failed = min(failed, rate) if failed else rate
        if not failed:
            rate = held * 2
        elif not held:
            rate = failed / 2
            if rate < start / 1000:
                return
        elif failed - held <= precision * held:
            return
        else:
            rate = (held + failed) / 2


def _told(rates: Mapping[float, Sequence[Probe]], *, limit_ms: float) -> HighestRate:
    """Each round's own answer: its highest rate held below the lowest that it did not hold."""
    rising = sorted(rates)
    answers = []
    for number in range(len(rates[rising[0]])):
        held = 0.0
        for rate in rising:
            if not rates[rate][number].within(limit_ms):
                break
            held = rate
        answers.append(held)
    return HighestRate(
        median=median(answers),
        low=min(answers),
        high=max(answers),
        limit_ms=limit_ms,
        curve=tuple(each for rate in rising for each in rates[rate]),
    )


def _refuse_wrong(*, rounds: int, **positive: float) -> None:
    violations = [
        Violation(field=name, reason="NOT_ABOVE_ZERO", description=f"{value:g} is not above 0")
        for name, value in positive.items()
        if not value > 0
    ]
    if rounds < 1 or rounds % 2 == 0:
        description = f"{rounds} rounds have no majority; ask for an odd number"
        violations.append(Violation(field="rounds", reason="EVEN", description=description))
    if violations:
        raise InvalidRequest(violations)
