"""Numbers as people read them: three digits that matter, shares in percent, intervals."""

from __future__ import annotations

import math

from benchmarks.results.intervals import Estimate

NONE = "–"
"""What a table shows where nothing was measured."""


def number(value: float | None) -> str:
    """At least three digits that matter, never an exponent.

    >>> [number(each) for each in (0.0, 0.01234, 1.5, 12.345, 123.4, 12345.6, None)]
    ['0', '0.0123', '1.50', '12.3', '123', '12,346', '–']
    """
    if value is None:
        return NONE
    if value == 0:
        return "0"
    digits = max(2 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{min(digits, 6)}f}"


def share(value: float) -> str:
    """A share in percent.

    >>> [share(each) for each in (0.0, 0.0004, 0.05, 0.5, 1.0)]
    ['0 %', '0.04 %', '5 %', '50 %', '100 %']
    """
    return f"{100 * value:.3g} %"


def bounds(estimate: Estimate, *, digits: int | None = None) -> str:
    """Both ends of the interval, ``11.9 to 12.8``; "" where there is none.

    >>> bounds(Estimate(median=2.0, rounds=5, low=1.9, high=2.12), digits=2)
    '1.90 to 2.12'
    """
    if estimate.low is None or estimate.high is None:
        return ""
    if digits is None:
        return f"{number(estimate.low)} to {number(estimate.high)}"
    return f"{estimate.low:.{digits}f} to {estimate.high:.{digits}f}"


def interval_text(estimate: Estimate) -> str:
    """The figure with its interval, where it has one.

    >>> interval_text(Estimate(median=2.0, rounds=5, low=1.9, high=2.12))
    '2.00 (1.90 to 2.12)'
    """
    ends = bounds(estimate)
    return f"{number(estimate.median)}{f' ({ends})' if ends else ''}"
