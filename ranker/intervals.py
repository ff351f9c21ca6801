"""How far a mean may be off: bootstrap intervals over queries, Student's over a few seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2_000
"""Resamples of a bootstrap interval."""

_BLOCK = 1 << 22

# Two-sided 95 % points of Student's t for 1 to 30 degrees of freedom; more are taken as normal.
_T_95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
_NORMAL_95 = 1.960


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean and the 95 % interval around it; NaN throughout where nothing was measured."""

    mean: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """As reports hold it; None for NaN."""
        values = {"mean": self.mean, "low": self.low, "high": self.high}
        return {name: None if math.isnan(value) else value for name, value in values.items()}


def bootstrap_interval(values: npt.ArrayLike, *, seed: int, resamples: int = RESAMPLES) -> Interval:
    """Percentile bootstrap (Efron and Tibshirani 1993, chapter 13) of the mean of ``values`` (n,).

    NaN values (queries without a measure) take no part. For a paired comparison, give differences.

    >>> bootstrap_interval([0.5, 0.5], seed=1)
    Interval(mean=0.5, low=0.5, high=0.5)
    """
    array = np.asarray(values, dtype=np.float64)
    known = array[~np.isnan(array)]
    if not len(known):
        return Interval(mean=math.nan, low=math.nan, high=math.nan)
    rng = np.random.default_rng(seed)
    at_once = max(_BLOCK // len(known), 1)
    means = np.concatenate(
        [
            known[rng.integers(len(known), size=(min(at_once, resamples - done), len(known)))].mean(
                axis=1
            )
            for done in range(0, resamples, at_once)
        ]
    )
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(mean=float(known.mean()), low=float(low), high=float(high))


def student_interval(values: Sequence[float]) -> Interval:
    """Student's t interval of the mean of a few independent values, two or more.

    A bootstrap of ten values is too narrow; this one is exact where they are normal.

    >>> interval = student_interval([1.0, 2.0, 3.0])
    >>> round(interval.low, 3), interval.mean, round(interval.high, 3)
    (-0.484, 2.0, 4.484)

    Raises:
        ValueError: fewer than two values.
    """
    if len(values) <= 1:
        raise ValueError("an interval takes two or more values")
    array = np.asarray(values, dtype=np.float64)
    freedom = len(array) - 1
    point = _T_95[freedom - 1] if freedom <= len(_T_95) else _NORMAL_95
    half = point * float(array.std(ddof=1)) / math.sqrt(len(array))
    mean = float(array.mean())
    return Interval(mean=mean, low=mean - half, high=mean + half)
