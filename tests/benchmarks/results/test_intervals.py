"""Medians and ratios over few rounds, against values worked out by hand and against chance."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.results.intervals import Estimate, median_of, paired_ratio, ratio_apart

VALUES = st.lists(st.floats(min_value=0.1, max_value=1e4), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.0], Estimate(median=3.0, rounds=1)),
        ([1.0, 2.0], Estimate(median=1.5, rounds=2)),
        ([3.0, 1.0, 2.0], Estimate(median=2.0, rounds=3, low=1.0, high=3.0, confidence=0.75)),
        # Of six values all but one in 32 orders of six coins: 1 - 2 / 64.
        (
            [6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
            Estimate(median=3.5, rounds=6, low=1.0, high=6.0, confidence=0.96875),
        ),
        # Of nine one may be left out at each end: 1 - 2 (1 + 9) / 512.
        (
            [float(each) for each in range(1, 10)],
            Estimate(median=5.0, rounds=9, low=2.0, high=8.0, confidence=0.9609375),
        ),
    ],
)
def test_a_median_lies_between_two_of_the_sorted_values(
    values: list[float], expected: Estimate
) -> None:
    assert median_of(values) == expected


def test_rounds_in_turn_are_compared_round_by_round() -> None:
    # The second round was slow for both, and does not count against either.
    found = paired_ratio([2.0, 20.0, 2.2], [1.0, 10.0, 1.0])
    assert (found.median, found.low, found.high) == (2.0, 2.0, 2.2)


@pytest.mark.parametrize(
    ("count", "cut", "confidence"),
    [
        # Both from tables of the rank sum test: the largest U with 2 P(U' <= U) <= 0.05, plus one.
        (3, 0, 1 - 2 / 20),
        (4, 0, 1 - 2 / 70),
        (5, 2, 1 - 2 * 4 / 252),
        (8, 13, None),
        (10, 23, None),
    ],
)
def test_rounds_apart_have_the_rank_sum_interval(
    count: int, cut: int, confidence: float | None
) -> None:
    above = [1.0 + place / 10 for place in range(count)]
    below = [1.0 + place / 100 for place in range(count)]
    ratios = sorted(one / other for one, other in itertools.product(above, below))
    found = ratio_apart(above, below)
    assert (found.low, found.high) == (ratios[cut], ratios[-1 - cut])
    assert confidence is None or found.confidence == pytest.approx(confidence)
    assert (found.confidence or 0) >= (0.9 if count == 3 else 0.95)


def test_fewer_than_three_rounds_of_either_have_no_interval() -> None:
    found = ratio_apart([2.0] * 9, [1.0] * 2)
    assert (found.median, found.rounds, found.low, found.confidence) == (2.0, 2, None, None)


@pytest.mark.parametrize("below", [[0.0], [-1.0], [math.nan]])
def test_nothing_has_a_ratio_to_what_is_not_positive(below: list[float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        ratio_apart([1.0], below)


def test_nothing_has_no_median() -> None:
    with pytest.raises(ValueError, match="one or more"):
        median_of([])
    with pytest.raises(ValueError, match="one or more"):
        ratio_apart([], [1.0])


@settings(max_examples=40, deadline=None)
@given(values=VALUES)
def test_a_system_beside_itself_is_once_as_fast(values: list[float]) -> None:
    found = ratio_apart(values, values)
    assert found.median == 1
    assert found.low is None or found.high is None or found.low <= 1 <= found.high


@settings(max_examples=40, deadline=None)
@given(above=VALUES, below=VALUES)
def test_the_other_way_round_is_one_over(above: list[float], below: list[float]) -> None:
    there, back = ratio_apart(above, below), ratio_apart(below, above)
    assert there.median * back.median == pytest.approx(1)
    if there.low is not None and back.high is not None:
        assert there.low * back.high == pytest.approx(1)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    tries = 1_000
    held_median = held_ratio = 0
    for _ in range(tries):
        one, other = rng.lognormal(0, 0.2, size=(2, 5))
        middle, ratio = median_of(one.tolist()), ratio_apart(one.tolist(), other.tolist())
        held_median += (middle.low or 0) <= 1 <= (middle.high or 0)
        held_ratio += (ratio.low or 0) <= 1 <= (ratio.high or 0)
    # Three standard deviations of a share of a thousand are 0.023 and 0.017.
    assert held_median / tries == pytest.approx(0.9375, abs=0.023)
    assert held_ratio / tries == pytest.approx(0.968, abs=0.017)
