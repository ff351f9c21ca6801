"""The goals of speed as data: what is promised, and how a measured figure stands to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Direction(StrEnum):
    """On which side of a goal a figure should lie."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One promise.

    Attributes:
        name: The figure's key in JSON.
        words: What the figure is, for tables.
        goal: The promise; a figure equal to it keeps it.
        direction: On which side of it the figure should lie.
        reach: The better value that is aimed for; None where there is none.
        unit: ``s``, ``MB``, or "" of a ratio.
    """

    name: str
    words: str
    goal: float
    direction: Direction = Direction.AT_MOST
    reach: float | None = None
    unit: str = ""

    def kept_by(self, value: float) -> bool:
        """Whether ``value`` keeps the promise."""
        return value <= self.goal if self.direction is Direction.AT_MOST else value >= self.goal

    @property
    def text(self) -> str:
        """The promise as a table has it, ``≤ 1.2, reach for 1.1``."""
        sign = "≤" if self.direction is Direction.AT_MOST else "≥"
        said = f"{sign} {self.goal:g}{f' {self.unit}' if self.unit else ''}"
        return said if self.reach is None else f"{said}, reach for {self.reach:g}"


GOALS: Final = (
    Goal(
        name="end_to_end_over_parts",
        words="whole request over its bare parts and an echo of the same payload, p50",
        goal=1.20,
        reach=1.10,
    ),
    Goal(name="tail_at_half", words="p99 over p50 at half of saturation", goal=2.5),
    Goal(name="tail_at_80", words="p99 over p50 at 80 % of saturation", goal=4.0),
    Goal(
        name="rate_over_slowest_part",
        words="highest rate over the capacity of the slowest bare part",
        goal=0.85,
        direction=Direction.AT_LEAST,
    ),
    Goal(name="search_over_bare", words="our search call over the bare client's, p50", goal=1.05),
    Goal(
        name="rank_over_bare",
        words="rank stage with features over the bare model's predict, p50",
        goal=1.15,
    ),
    Goal(
        name="ingest_over_encoding",
        words="ingest rate over the bare encoding rate",
        goal=0.90,
        direction=Direction.AT_LEAST,
    ),
    Goal(
        name="rate_over_afternoon_service",
        words="highest rate within the same p99 over the afternoon service's",
        goal=2.0,
        direction=Direction.AT_LEAST,
    ),
    Goal(
        name="million_over_ten_thousand",
        words="one text query at a million products over the same at ten thousand, p50",
        goal=2.0,
    ),
    Goal(
        name="start_seconds",
        words="server start to the first correct answer, models present",
        goal=5.0,
        unit="s",
    ),
    Goal(
        name="memory_at_100000_mb",
        words="memory at 100,000 products beyond the engine's own",
        goal=300.0,
        unit="MB",
    ),
)
"""In the order tables have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one figure stands to its goal.

    Attributes:
        goal: The promise.
        measured: The figure's median; None where it was not measured.
        low: Lower end of its interval; None where it has none.
        high: Upper end of it.
        met: Whether the median keeps the promise; None where it was not measured.
        sure: Whether the whole interval says so too; None where there is no interval.
        reason: Why it was not measured, where that is known; else "".
    """

    goal: Goal
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    met: bool | None = None
    sure: bool | None = None
    reason: str = ""

    @property
    def missed_by(self) -> float:
        """By which share of the goal it was missed; 0 where it was met or not measured."""
        if self.measured is None or self.met:
            return 0.0
        return abs(self.measured - self.goal.goal) / self.goal.goal

    @property
    def text(self) -> str:
        """``met``, ``missed by 12 %`` or ``not measured``, and how sure that is."""
        if self.measured is None:
            return f"not measured{f': {self.reason}' if self.reason else ''}"
        unsure = ", though its interval reaches past the goal" if self.sure is False else ""
        if self.met:
            reach = self.goal.reach
            return f"met{_reached(self.goal, self.measured) if reach else ''}{unsure}"
        return f"missed by {_percent(self.missed_by)}{unsure}"


def verdicts(
    figures: Mapping[str, object], *, reasons: Mapping[str, str] | None = None
) -> tuple[Verdict, ...]:
    """One verdict a goal, in the goals' order.

    >>> verdicts({"start_seconds": 4.0})[9].text
    'met'
    >>> verdicts({"tail_at_half": {"median": 3.0, "low": 2.4, "high": 3.1}})[1].text
    'missed by 20 %, though its interval reaches past the goal'

    Args:
        figures: By name of a goal, a number, {"median", "low", "high"}, or None; more is passed by.
        reasons: By name of a goal, why it was not measured.
    """
    given = reasons or {}
    return tuple(
        _verdict(goal, figures.get(goal.name), reason=given.get(goal.name, "")) for goal in GOALS
    )


def _verdict(goal: Goal, figure: object, *, reason: str) -> Verdict:
    measured, low, high = read_figure(figure)
    if measured is None:
        return Verdict(goal=goal, reason=reason)
    met = goal.kept_by(measured)
    sure = None
    if low is not None and high is not None:
        sure = goal.kept_by(low) == goal.kept_by(high) == met
    return Verdict(goal=goal, measured=measured, low=low, high=high, met=met, sure=sure)


def read_figure(figure: object) -> tuple[float | None, float | None, float | None]:
    """Median, low and high of a figure as results hold them; None for what it has not.

    >>> read_figure(2)
    (2.0, None, None)
    >>> read_figure({"median": 2.0, "low": None, "high": None})
    (2.0, None, None)
    """
    if isinstance(figure, Mapping):
        return (
            _number(figure.get("median")),
            _number(figure.get("low")),
            _number(figure.get("high")),
        )
    return _number(figure), None, None


def _number(said: object) -> float | None:
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        return None
    return float(said)


def _reached(goal: Goal, value: float) -> str:
    if goal.reach is None:
        return ""
    at_most = goal.direction is Direction.AT_MOST
    reached = value <= goal.reach if at_most else value >= goal.reach
    return ", with what was reached for" if reached else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1g} %"
