"""What systems are measured by: each measure's words, unit, better side, and value of a round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.load.target import OK
from benchmarks.results.intervals import Estimate, median_of
from benchmarks.results.values import RoundResult, SystemResult

ECHO: Final = "echo"
"""The name of the system that answers with nothing but bytes: the floor of every latency."""

CLIENT: Final = "client"
"""The group of processes that asks; what it takes is not the system's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing that is measured each round.

    Attributes:
        name: Stable, as JSON has it.
        words: For tables.
        unit: `ms`, `a second`, `MB`, or "" of a share.
        high_is_good: Whether more is better.
        of: The value of a round; None where it was not measured.
    """

    name: str
    words: str
    unit: str = ""
    high_is_good: bool = False
    of: Callable[[RoundResult], float | None]


def _percentile(name: str) -> Callable[[RoundResult], float | None]:
    return lambda each: each.latency.percentiles_ms.get(name) if each.latency.count else None


def _of_system(taken: Mapping[str, float]) -> float | None:
    groups = [value for name, value in taken.items() if name != CLIENT]
    return sum(groups) if groups else None


def answered_share(each: RoundResult) -> float | None:
    """Which share of a round's requests was answered with OK; None where nothing was asked."""
    asked = sum(each.statuses.values())
    return each.statuses.get(OK, 0) / asked if asked else None


MEASURES: Final = (
    Measure(name="p50_ms", words="p50", unit="ms", of=_percentile("50")),
    Measure(name="p90_ms", words="p90", unit="ms", of=_percentile("90")),
    Measure(name="p99_ms", words="p99", unit="ms", of=_percentile("99")),
    Measure(name="p99.9_ms", words="p99.9", unit="ms", of=_percentile("99.9")),
    Measure(
        name="throughput",
        words="throughput",
        unit="a second",
        high_is_good=True,
        of=lambda each: each.throughput,
    ),
    Measure(name="answered_share", words="answered with OK", high_is_good=True, of=answered_share),
    Measure(
        name="cpu_ms_a_request",
        words="CPU a request",
        unit="ms",
        of=lambda each: _of_system(each.cpu_ms_a_request),
    ),
    Measure(
        name="memory_mb",
        words="memory",
        unit="MB",
        of=lambda each: _of_system(each.resident_mb),
    ),
    Measure(
        name="ndcg_at_10",
        words="NDCG@10",
        high_is_good=True,
        of=lambda each: each.quality.ndcg_at_10,
    ),
    Measure(
        name="recall_at_50",
        words="recall@50",
        high_is_good=True,
        of=lambda each: each.quality.recall_at_50,
    ),
)
"""In the order tables have them. CPU and memory are of all the system's processes together."""


def valid_rounds(system: SystemResult) -> tuple[RoundResult, ...]:
    """Those that may be averaged in."""
    return tuple(each for each in system.rounds if each.valid)


def values_of(measure: Measure, rounds: Sequence[RoundResult]) -> list[float]:
    """The measure's value of every round that has one."""
    return [value for each in rounds if (value := measure.of(each)) is not None]


def estimate(measure: Measure, system: SystemResult) -> Estimate | None:
    """The median over valid rounds; None where none measured it."""
    values = values_of(measure, valid_rounds(system))
    return median_of(values) if values else None


def subject(systems: Sequence[SystemResult]) -> SystemResult | None:
    """The system that a run is about: the first that is no echo; None where there is none."""
    return next((each for each in systems if each.name != ECHO), None)
