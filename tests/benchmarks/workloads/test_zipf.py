"""Repeats by Zipf's law."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.workloads.zipf import zipf


@given(
    count=st.integers(0, 200),
    distinct=st.integers(1, 40),
    s=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    seed=st.integers(0, 2**32),
)
def test_draws_are_of_the_things_there_are_and_the_seed_decides(
    count: int, distinct: int, s: float, seed: int
) -> None:
    drawn = zipf(count, distinct, s=s, seed=seed)
    assert drawn.dtype == np.int32
    assert drawn.shape == (count,)
    assert all(0 <= each < distinct for each in drawn.tolist())
    assert drawn.tolist() == zipf(count, distinct, s=s, seed=seed).tolist()


@given(count=st.integers(1, 100), distinct=st.integers(1, 30), seed=st.integers(0, 99))
def test_without_an_exponent_nothing_is_asked_twice_before_all_were_asked(
    count: int, distinct: int, seed: int
) -> None:
    drawn = zipf(count, distinct, s=0, seed=seed).tolist()
    for start in range(0, count, distinct):
        part = drawn[start : start + distinct]
        assert len(set(part)) == len(part)


def test_shares_follow_the_law() -> None:
    counts = np.sort(np.bincount(zipf(60_000, 4, s=1.0, seed=7), minlength=4))[::-1]
    # 1, 1/2, 1/3 and 1/4 over their sum, 25/12
    expected = np.array([0.48, 0.24, 0.16, 0.12])
    assert np.abs(counts / 60_000 - expected).max() < 0.01


def test_which_thing_is_popular_is_drawn_too() -> None:
    favourites = {int(np.bincount(zipf(500, 10, s=2.0, seed=seed)).argmax()) for seed in range(20)}
    assert len(favourites) > 3


@pytest.mark.parametrize(("count", "distinct", "s"), [(1, 0, 1.0), (-1, 2, 1.0), (1, 2, -0.1)])
def test_what_cannot_be_drawn_is_refused(count: int, distinct: int, s: float) -> None:
    with pytest.raises(ValueError, match="cannot draw"):
        zipf(count, distinct, s=s, seed=1)
