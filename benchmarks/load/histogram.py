"""Latencies as HdrHistograms: percentiles of them, and sums of several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from hdrh.histogram import HdrHistogram

from benchmarks.load.measured import Float64Array
from benchmarks.results.values import PERCENTILES, Latency

LEAST_MICROSECONDS: Final = 1
MOST_MICROSECONDS: Final = 600_000_000
"""Ten minutes; what took longer counts as that."""
DIGITS: Final = 3


def latency_of(seconds: Float64Array | Sequence[float]) -> Latency:
    """Summarise latencies in seconds; without any, figures are 0 and there are no percentiles.

    Mean, least and most are those of the latencies themselves; percentiles are the histogram's,
    at most 0.1 % above the true ones.
    """
    values = np.asarray(seconds, dtype=np.float64)
    microseconds = np.clip(np.rint(values * 1e6), LEAST_MICROSECONDS, MOST_MICROSECONDS)
    histogram = _empty()
    for each, count in zip(*np.unique(microseconds, return_counts=True), strict=True):
        histogram.record_value(int(each), int(count))
    if not values.size:
        return _latency(histogram, mean_ms=0.0, least_ms=0.0, most_ms=0.0)
    return _latency(
        histogram,
        mean_ms=float(values.mean()) * 1e3,
        least_ms=float(values.min()) * 1e3,
        most_ms=float(values.max()) * 1e3,
    )


def summed(latencies: Iterable[Latency]) -> Latency:
    """All requests of several rounds in one: their histograms are added, nothing is averaged."""
    held = [each for each in latencies if each.count]
    histogram = _empty()
    for each in held:
        histogram.add(HdrHistogram.decode(each.histogram))
    count = sum(each.count for each in held)
    return _latency(
        histogram,
        mean_ms=sum(each.mean_ms * each.count for each in held) / count if count else 0.0,
        least_ms=min((each.least_ms for each in held), default=0.0),
        most_ms=max((each.most_ms for each in held), default=0.0),
    )


def _empty() -> HdrHistogram:
    return HdrHistogram(LEAST_MICROSECONDS, MOST_MICROSECONDS, DIGITS)


def _latency(
    histogram: HdrHistogram, *, mean_ms: float, least_ms: float, most_ms: float
) -> Latency:
    count = int(histogram.get_total_count())
    at = histogram.get_percentile_to_value_dict(list(PERCENTILES)) if count else {}
    return Latency(
        count=count,
        mean_ms=mean_ms,
        least_ms=least_ms,
        most_ms=most_ms,
        percentiles_ms={f"{each:g}": at[each] / 1e3 for each in PERCENTILES if each in at},
        histogram=histogram.encode().decode("ascii"),
    )
