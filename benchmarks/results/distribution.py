"""Reads the histograms of latencies back: within which time any share of requests was answered."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt

from benchmarks.results.values import Latency
from server.errors import DataCorrupted, FailedPrecondition

Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Latencies of n requests.

    Attributes:
        values_ms: float64 (m,), rising, the different latencies.
        counts: int64 (m,), how many requests took at most so long; the last is n.
    """

    values_ms: Float64Array
    counts: Int64Array

    @property
    def count(self) -> int:
        """How many requests."""
        return int(self.counts[-1]) if len(self.counts) else 0

    def at(self, shares: Float64Array) -> Float64Array:
        """The least latency (k,) within which each of ``shares`` (k,), 0 to 1, was answered."""
        # A hair less than the share, so that 0.9 of ten requests is nine and not ten.
        wanted = np.ceil(shares * self.count - 1e-6)
        places = np.searchsorted(self.counts, np.maximum(wanted, 1))
        return self.values_ms[np.minimum(places, len(self.values_ms) - 1)]


def distribution(latencies: Iterable[Latency]) -> Distribution:
    """All requests of several rounds together, from their histograms.

    Raises:
        DataCorrupted: a histogram is not one (BENCH_HISTOGRAM).
        FailedPrecondition: the histogram's package is not installed (BENCH_NOT_INSTALLED).
    """
    pairs = [_recorded(each.histogram) for each in latencies if each.count]
    if not pairs:
        return Distribution(values_ms=np.empty(0), counts=np.empty(0, dtype=np.int64))
    values = np.concatenate([each[0] for each in pairs])
    counts = np.concatenate([each[1] for each in pairs])
    different, places = np.unique(values, return_inverse=True)
    summed = np.bincount(places, weights=counts).astype(np.int64)
    return Distribution(values_ms=different / 1000, counts=np.cumsum(summed))


def _recorded(histogram: str) -> tuple[Int64Array, Int64Array]:
    """Microseconds (m,) and how often each was recorded (m,)."""
    codec, histograms = _hdrh()
    broken = (
        codec.HdrCookieException,
        codec.HdrLengthException,
        codec.HdrHistogramSettingsException,
        ValueError,
        TypeError,
        IndexError,
        zlib.error,
    )
    try:
        decoded = histograms.HdrHistogram.decode(histogram)
    except broken as error:
        raise DataCorrupted(
            "a latency's histogram is not an HdrHistogram (V2, base64); measure again",
            reason="BENCH_HISTOGRAM",
        ) from error
    counts = np.array(decoded.counts, dtype=np.int64)
    places = np.flatnonzero(counts)
    values = [
        decoded.get_highest_equivalent_value(decoded.get_value_from_index(int(place)))
        for place in places
    ]
    return np.array(values, dtype=np.int64), counts[places]


def _hdrh() -> tuple[ModuleType, ModuleType]:
    try:
        from hdrh import codec, histogram  # noqa: PLC0415 - of an extra
    except ModuleNotFoundError as error:
        raise FailedPrecondition(
            "drawing latencies takes hdrhistogram, which is not installed;"
            " run pip install 'omnishelf[bench]'",
            reason="BENCH_NOT_INSTALLED",
        ) from error
    return codec, histogram
