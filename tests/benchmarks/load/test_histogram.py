import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.load.histogram import latency_of, summed

SECONDS = st.lists(st.floats(1e-6, 500.0), min_size=1, max_size=200)


def test_percentiles_by_hand() -> None:
    found = latency_of([each / 1e3 for each in range(1, 101)])
    assert found.count == 100
    assert found.mean_ms == pytest.approx(50.5)
    assert [found.least_ms, found.most_ms] == pytest.approx([1.0, 100.0])
    expected = {"50": 50, "75": 75, "90": 90, "95": 95, "99": 99, "99.9": 100}
    assert found.percentiles_ms == pytest.approx(expected, rel=1e-3)


def test_nothing_has_no_percentiles() -> None:
    found = latency_of([])
    assert (found.count, found.mean_ms, found.percentiles_ms) == (0, 0.0, {})
    assert summed([found, latency_of([0.001])]).count == 1
    assert summed([]).count == 0


def test_what_is_too_long_or_too_short_counts_at_the_end() -> None:
    found = latency_of([0.0, 3600.0])
    assert found.count == 2
    assert found.percentiles_ms["99"] == pytest.approx(600_000, rel=1e-3)


@settings(deadline=None, max_examples=25)
@given(seconds=SECONDS)
def test_percentiles_are_within_a_thousandth(seconds: list[float]) -> None:
    found = latency_of(seconds)
    # HdrHistogram's rank of a percentile: rounded to the nearest, at least the first.
    for name, told in found.percentiles_ms.items():
        rank = max(1, int(float(name) * len(seconds) / 100 + 0.5))
        exact = round(np.sort(seconds)[rank - 1] * 1e6) / 1e3
        assert told == pytest.approx(exact, rel=1.1e-3, abs=1e-3)


@settings(deadline=None, max_examples=25)
@given(one=SECONDS, other=SECONDS)
def test_a_sum_is_that_of_both(one: list[float], other: list[float]) -> None:
    both, added = latency_of([*one, *other]), summed([latency_of(one), latency_of(other)])
    assert added.histogram == both.histogram
    assert added.percentiles_ms == both.percentiles_ms
    assert added.mean_ms == pytest.approx(both.mean_ms)
    assert (added.least_ms, added.most_ms) == (both.least_ms, both.most_ms)
