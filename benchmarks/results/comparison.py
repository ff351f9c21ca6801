"""Compares two results measure by measure, and says whether the second is worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from benchmarks.goals import GOALS, Direction, read_figure
from benchmarks.results.comparable import (
    Difference,
    differences,
    other_machine,
    refusals,
    too_few,
)
from benchmarks.results.intervals import LEAST_ROUNDS, Estimate, median_of, ratio_apart
from benchmarks.results.measures import ECHO, MEASURES, Measure, subject, valid_rounds, values_of
from benchmarks.results.values import BenchResult, SystemResult
from server.errors import FailedPrecondition

RULE: Final = (
    "B is worse where the ratio B/A is above 1 + the share for what should be low, or below"
    " 1 - the share for what should be high, and its interval does not hold 1, so that noise does"
    " not explain it. One such measure is enough; p99.9 is shown and does not count."
)

_NOT_COUNTED: Final = frozenset({"p99.9_ms"})
"""Of a round's few hundred requests it is the worst one alone."""

_HIGH_FIGURES: Final = frozenset(
    {"highest_rate", *(each.name for each in GOALS if each.direction is Direction.AT_LEAST)}
)
_FIGURES: Final = ("highest_rate", *(each.name for each in GOALS))

_UNKNOWN: Final = {"catalogue": "neither result knows its digest; the workloads are the same"}


class Standing(StrEnum):
    """How B stands to A in one measure."""

    WORSE = "worse"
    UNSURE = "noise may explain it"
    """Beyond the share to either side, and the interval holds 1 or there is none."""
    SAME = "within the share"
    BETTER = "better"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One measure in both results."""

    name: str
    words: str
    unit: str
    before: Estimate
    after: Estimate
    ratio: Estimate
    """B over A."""
    standing: Standing
    counted: bool
    """Whether it can make B worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two results side by side."""

    by: float
    changes: tuple[Change, ...]
    echo: Change | None
    """The p50 of the echo, where both have one: what the machine itself changed."""
    left_out: Mapping[str, str]
    """What was not compared, measures by their words, and why."""
    differences: tuple[Difference, ...]
    machines: tuple[Difference, ...]
    """Not empty where another machine was allowed."""
    marks: Mapping[str, Mapping[str, int]]
    """By `before` and `after`: how many rounds bear each mark."""

    @property
    def worse(self) -> tuple[Change, ...]:
        """What makes B worse."""
        return tuple(
            each for each in self.changes if each.counted and each.standing is Standing.WORSE
        )


def compare(
    before: BenchResult, after: BenchResult, *, by: float, allow_other_machine: bool = False
) -> Comparison:
    """How ``after`` stands to ``before``, worse by the share ``by`` or not; see `RULE`.

    Raises:
        FailedPrecondition: they may not be compared, and the message says all that forbids it:
            other data, workload, command, arrivals or rate (BENCH_NOT_COMPARABLE); too few valid
            rounds (BENCH_TOO_FEW_ROUNDS); another machine (BENCH_OTHER_MACHINE).
    """
    machines = other_machine(before, after)
    _refuse(before, after, machines=() if allow_other_machine else machines)
    one, other = subject(before.systems), subject(after.systems)
    counted = before.command == "run" and one is not None and other is not None
    changes = [*(_changes(one, other, by=by) if counted else ()), *_figures(before, after, by=by)]
    if not changes:
        raise FailedPrecondition(
            "the two results have no measure in common; compare two of the same command",
            reason="BENCH_NOT_COMPARABLE",
        )
    return Comparison(
        by=by,
        changes=tuple(changes),
        echo=_echo(before, after, by=by),
        left_out={
            **(_left_out(one, other) if counted else {}),
            **({} if before.data.catalog_sha256 else _UNKNOWN),
        },
        differences=differences(before, after),
        machines=machines,
        marks={"before": marks_of(before), "after": marks_of(after)},
    )


def marks_of(result: BenchResult) -> dict[str, int]:
    """How many rounds of all systems bear each mark."""
    return dict(
        Counter(
            name
            for system in result.systems
            for each in system.rounds
            for name in sorted({mark.name for mark in each.marks})
        )
    )


def _refuse(before: BenchResult, after: BenchResult, *, machines: tuple[Difference, ...]) -> None:
    if found := refusals(before, after):
        raise FailedPrecondition(
            "the two may not be compared: "
            + "; ".join(each.text for each in found)
            + "; measure both with the same data and the same arguments",
            reason="BENCH_NOT_COMPARABLE",
        )
    for name, result in (("first", before), ("second", after)):
        if why := too_few(result):
            raise FailedPrecondition(
                f"the {name} may not be compared: {why}; measure it again, on a quiet machine",
                reason="BENCH_TOO_FEW_ROUNDS",
            )
    if machines:
        raise FailedPrecondition(
            "the two come from different machines: "
            + "; ".join(each.text for each in machines)
            + "; measure both on one machine, or say --other-machine and trust no small difference",
            reason="BENCH_OTHER_MACHINE",
        )


def _changes(
    one: SystemResult | None, other: SystemResult | None, *, by: float
) -> tuple[Change, ...]:
    if one is None or other is None:
        return ()
    found = (_change(measure, one, other, by=by) for measure in MEASURES)
    return tuple(each for each in found if each is not None)


def _change(
    measure: Measure, one: SystemResult, other: SystemResult, *, by: float
) -> Change | None:
    below = values_of(measure, valid_rounds(one))
    above = values_of(measure, valid_rounds(other))
    if min(len(below), len(above)) < LEAST_ROUNDS or min(below) <= 0:
        return None
    ratio = ratio_apart(above, below)
    return Change(
        name=measure.name,
        words=measure.words,
        unit=measure.unit,
        before=median_of(below),
        after=median_of(above),
        ratio=ratio,
        standing=standing(ratio, by=by, high_is_good=measure.high_is_good),
        counted=measure.name not in _NOT_COUNTED,
    )


def standing(ratio: Estimate, *, by: float, high_is_good: bool) -> Standing:
    """What `RULE` says of one ratio B/A."""
    if 1 - by <= ratio.median <= 1 + by:
        return Standing.SAME
    if ratio.low is None or ratio.high is None or ratio.low <= 1 <= ratio.high:
        return Standing.UNSURE
    return Standing.BETTER if (ratio.median > 1) is high_is_good else Standing.WORSE


def _figures(before: BenchResult, after: BenchResult, *, by: float) -> tuple[Change, ...]:
    """Figures with a known better side; a ratio's interval is as wide as both together."""
    found = []
    for name in _FIGURES:
        one, other = _estimate(before.figures.get(name)), _estimate(after.figures.get(name))
        if one is None or other is None or one.median <= 0:
            continue
        ratio = _ratio_of_figures(one, other)
        found.append(
            Change(
                name=name,
                words=name.replace("_", " "),
                unit="",
                before=one,
                after=other,
                ratio=ratio,
                standing=standing(ratio, by=by, high_is_good=name in _HIGH_FIGURES),
                counted=True,
            )
        )
    return tuple(found)


def _estimate(figure: object) -> Estimate | None:
    median, low, high = read_figure(figure)
    return None if median is None else Estimate(median=median, rounds=0, low=low, high=high)


def _ratio_of_figures(one: Estimate, other: Estimate) -> Estimate:
    median = other.median / one.median
    if None in (one.low, one.high, other.low, other.high) or not (one.low or 0) > 0:
        return Estimate(median=median, rounds=0)
    low, high = (other.low or 0) / (one.high or 1), (other.high or 0) / (one.low or 1)
    return Estimate(median=median, rounds=0, low=low, high=high)


def _echo(before: BenchResult, after: BenchResult, *, by: float) -> Change | None:
    pair = [
        next((each for each in result.systems if each.name == ECHO), None)
        for result in (before, after)
    ]
    if pair[0] is None or pair[1] is None:
        return None
    return _change(MEASURES[0], pair[0], pair[1], by=by)


def _left_out(one: SystemResult | None, other: SystemResult | None) -> dict[str, str]:
    """Why measures are not compared; those that neither has are passed by."""
    found = {}
    for measure in MEASURES:
        below, above = (
            values_of(measure, valid_rounds(system)) if system else [] for system in (one, other)
        )
        if min(len(below), len(above)) >= LEAST_ROUNDS:
            if min(below) <= 0:
                found[measure.words] = "it was 0 before, and nothing has a ratio to that"
        elif below or above:
            found[measure.words] = (
                f"measured in {len(below)} rounds before and {len(above)} after;"
                f" {LEAST_ROUNDS} of each are needed"
            )
    return found
