"""Intervals: by hand, and covering the truth as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ranker.intervals import bootstrap_interval, student_interval


def test_unknown_values_take_no_part() -> None:
    found = bootstrap_interval([1.0, math.nan, 1.0], seed=1)
    assert (found.mean, found.low, found.high) == (1.0, 1.0, 1.0)
    nothing = bootstrap_interval([math.nan], seed=1)
    assert math.isnan(nothing.mean)
    assert nothing.to_json() == {"mean": None, "low": None, "high": None}


def test_bootstrap_is_about_two_standard_errors_each_way() -> None:
    values = np.random.default_rng(1).normal(0, 1, 400)
    found = bootstrap_interval(values, seed=2)
    error = values.std() / 20
    assert found.high - found.mean == pytest.approx(1.96 * error, rel=0.1)
    assert found.mean - found.low == pytest.approx(1.96 * error, rel=0.1)
    assert found == bootstrap_interval(values, seed=2)


@pytest.mark.parametrize("count", [3, 10, 60])
def test_student_covers_the_truth_as_often_as_it_says(count: int) -> None:
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(2000):
        interval = student_interval(rng.normal(5, 2, count).tolist())
        covered += interval.low <= 5 <= interval.high
    assert covered / 2000 == pytest.approx(0.95, abs=0.015)


def test_one_value_has_no_interval() -> None:
    with pytest.raises(ValueError, match="two or more"):
        student_interval([1.0])
