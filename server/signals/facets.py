"""Counts over candidates: the most frequent values of a field, and ranges of prices."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from server.arrays import Float32Array

_STEPS = (1, 2, 5)
_RANGES_TO_HIGHEST = 10
_LEAST_WIDTH = 0.01


def top_counts(
    codes: Iterable[int], *, written: Sequence[str], limit: int
) -> tuple[tuple[str, int], ...]:
    """The ``limit`` most frequent values with their counts; equal counts in alphabetical order.

    Negative codes stand for "none" and are not counted.

    Example:
        >>> top_counts([1, 0, 1, -1], written=["blue", "red"], limit=5)
        (('red', 2), ('blue', 1))
    """
    counts = Counter(code for code in codes if code >= 0)
    named = [(written[code], count) for code, count in counts.items()]
    return tuple(sorted(named, key=lambda each: (-each[1], each[0]))[:limit])


def price_ranges(prices: Float32Array, *, limit: int) -> tuple[tuple[str, int], ...]:
    """Counts by half-open ranges ``10..20`` of one width, rising; empty ranges are left out.

    The width is 1, 2 or 5 times a power of ten: the smallest that needs at most ``limit`` ranges
    and is a tenth of the highest price or more. Unknown prices (NaN) are not counted.

    Example:
        >>> price_ranges(np.array([12.0, 19.9, 20.0, 45.0], dtype=np.float32), limit=4)
        (('10..20', 2), ('20..30', 1), ('40..50', 1))
    """
    known = prices[np.isfinite(prices)].astype(np.float64)
    if not len(known):
        return ()
    lowest, highest = float(known.min()), float(known.max())
    width = next(
        width
        for width in _widths(least=max(highest / _RANGES_TO_HIGHEST, _LEAST_WIDTH))
        if math.floor(highest / width) - math.floor(lowest / width) < limit
    )
    counts = Counter(np.floor(known / width).astype(np.int64).tolist())
    return tuple(
        (f"{_amount(place * width)}..{_amount((place + 1) * width)}", counts[place])
        for place in sorted(counts)
    )


def _widths(*, least: float) -> Iterable[float]:
    """Widths 1, 2 or 5 times a power of ten, rising without end from ``least``."""
    power = math.floor(math.log10(least))
    while True:
        yield from (width for step in _STEPS if (width := step * 10.0**power) >= least)
        power += 1


def _amount(value: float) -> str:
    return f"{round(value, 2):.12g}"
