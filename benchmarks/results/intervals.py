"""What a few rounds say of a median and of a ratio, and how far it may be off.

No normality is assumed, and nothing is resampled: a bootstrap of five values is too narrow.

- A median's interval is between two of the sorted values (order statistics): of n values the
  interval from the k-th to the k-th from the end misses the median with probability
  2 P(Binomial(n, 1/2) < k) (Conover, Practical Nonparametric Statistics, 3rd edition, 3.2).
- The ratio of two systems whose rounds took turns is the median of the rounds' ratios, so what
  slowed both in a round does not count; its interval is that median's.
- The ratio of rounds that were measured apart is the median of all pairwise ratios (Hodges and
  Lehmann 1963), with the interval of the rank sum test turned round (Hollander, Wolfe and Chicken,
  Nonparametric Statistical Methods, 3rd edition, 4.3).

Intervals aim for 95 %. Few rounds do not allow it: the widest interval is given then, and its own
`confidence` beside it: 75 % for the median of three rounds, 93.75 % for five, 96.9 % for six.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final

LEAST_ROUNDS: Final = 3
"""Rounds that an interval takes."""

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A median over rounds, or a ratio.

    Attributes:
        median: The figure.
        rounds: Valid rounds behind it; of two systems, of the one with fewer.
        low: Lower end of the interval; None with fewer than `LEAST_ROUNDS`.
        high: Upper end of it.
        confidence: Probability that an interval made so holds the true value; None without one.
    """

    median: float
    rounds: int
    low: float | None = None
    high: float | None = None
    confidence: float | None = None

    def to_json(self) -> dict[str, float | int | None]:
        """As results hold it."""
        return {
            "median": self.median,
            "low": self.low,
            "high": self.high,
            "confidence": self.confidence,
            "rounds": self.rounds,
        }


def median_of(values: Sequence[float]) -> Estimate:
    """The median of independent values, one or more, with its interval.

    >>> median_of([4.0, 1.0, 3.0, 2.0, 5.0])
    Estimate(median=3.0, rounds=5, low=1.0, high=5.0, confidence=0.9375)

    Raises:
        ValueError: no values.
    """
    if not values:
        raise ValueError("a median takes one or more values")
    ordered = sorted(values)
    rounds = len(ordered)
    middle = (ordered[(rounds - 1) // 2] + ordered[rounds // 2]) / 2
    if rounds < LEAST_ROUNDS:
        return Estimate(median=middle, rounds=rounds)
    cut, confidence = _median_cut(rounds)
    return Estimate(
        median=middle,
        rounds=rounds,
        low=ordered[cut],
        high=ordered[-1 - cut],
        confidence=confidence,
    )


def paired_ratio(above: Sequence[float], below: Sequence[float]) -> Estimate:
    """The ratio of rounds that took turns: ``above[i]`` was measured beside ``below[i]``.

    >>> paired_ratio([2.0, 4.0, 9.0], [1.0, 2.0, 3.0])
    Estimate(median=2.0, rounds=3, low=2.0, high=3.0, confidence=0.75)

    Raises:
        ValueError: no values, not as many of each, or one of ``below`` is not positive.
    """
    return median_of([_ratio(one, other) for one, other in zip(above, below, strict=True)])


def ratio_apart(above: Sequence[float], below: Sequence[float]) -> Estimate:
    """The ratio of rounds that were measured apart.

    >>> ratio_apart([2.0, 2.2, 2.1, 2.0], [1.0, 1.1, 1.0, 1.0]).median
    2.0

    Raises:
        ValueError: no values of one, or one of ``below`` is not positive.
    """
    ratios = sorted(_ratio(one, other) for one, other in product(above, below))
    if not ratios:
        raise ValueError("a ratio takes one or more values of each")
    count = len(ratios)
    # The geometric middle, so that the ratio the other way round is one over this one.
    lower, upper = ratios[(count - 1) // 2], ratios[count // 2]
    middle = lower if lower == upper else math.sqrt(lower * upper)
    rounds = min(len(above), len(below))
    if rounds < LEAST_ROUNDS:
        return Estimate(median=middle, rounds=rounds)
    cut, confidence = _rank_sum_cut(len(above), len(below))
    return Estimate(
        median=middle, rounds=rounds, low=ratios[cut], high=ratios[-1 - cut], confidence=confidence
    )


def _ratio(one: float, other: float) -> float:
    if not other > 0:
        raise ValueError("a ratio takes positive values below the line")
    return one / other


@cache
def _median_cut(rounds: int) -> tuple[int, float]:
    """How many values to leave out at each end, and the confidence of what stays."""
    missed = [2 * math.comb(rounds, below) / 2**rounds for below in range(rounds // 2 + 1)]
    return _largest_cut(missed)


@cache
def _rank_sum_cut(one: int, other: int) -> tuple[int, float]:
    """The same for the pairwise ratios of ``one`` and ``other`` rounds."""
    ways = _rank_sum_ways(one, other)
    every = math.comb(one + other, one)
    return _largest_cut([2 * each / every for each in ways[: one * other // 2 + 1]])


def _largest_cut(missed: Sequence[float]) -> tuple[int, float]:
    """The largest cut that keeps 95 %, from the probability that each value left out takes."""
    cut, total = 0, missed[0]
    while total + missed[cut + 1] <= 1 - CONFIDENCE:
        cut += 1
        total += missed[cut]
    return cut, 1 - total


def _rank_sum_ways(one: int, other: int) -> list[int]:
    """Of all orders of two groups, how many have u pairs the wrong way round, for each u.

    The coefficients of the Gaussian binomial (Mann and Whitney 1947): multiply by
    1 - q^(other + i) and divide by 1 - q^i for i = 1 to ``one``.
    """
    most = one * other
    ways = [1] + [0] * most
    for step in range(1, one + 1):
        for at in range(most, other + step - 1, -1):
            ways[at] -= ways[at - other - step]
        for at in range(step, most + 1):
            ways[at] += ways[at - step]
    return ways
