"""Histograms read back: within which time any share was answered."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.load.histogram import latency_of
from benchmarks.results.distribution import distribution
from server.errors import DataCorrupted


def test_shares_of_ten_requests() -> None:
    found = distribution([latency_of([each / 1000 for each in range(1, 11)])])
    assert found.count == 10
    shares = np.array([0.0, 0.1, 0.5, 0.9, 0.91, 1.0])
    # Buckets are at most a thousandth wide.
    assert found.at(shares) == pytest.approx([1, 1, 5, 9, 10, 10], rel=1e-3)


def test_rounds_are_added_request_by_request() -> None:
    found = distribution([latency_of([0.001] * 3), latency_of([]), latency_of([0.004])])
    assert found.counts.tolist() == [3, 4]
    assert found.at(np.array([0.75, 0.76])) == pytest.approx([1, 4], rel=1e-3)


def test_nothing_answered_is_nothing() -> None:
    assert distribution([latency_of([])]).count == 0


@pytest.mark.parametrize("bad", ["", "abc", "HISTFAAA", "HISTFAAAB", "é"])
def test_what_is_no_histogram_is_refused(bad: str) -> None:
    with pytest.raises(DataCorrupted, match="not an HdrHistogram") as refused:
        distribution([replace(latency_of([0.001]), histogram=bad)])
    assert refused.value.reason == "BENCH_HISTOGRAM"
