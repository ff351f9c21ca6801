"""Runs of equal keys, worked by hand and against counting."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker.features.runs import Runs, rising

NAN = float("nan")

keys = st.integers(-(2**31), 2**31 - 1) | st.integers(-2, 2)
tables = st.integers(0, 8).flatmap(
    lambda width: st.lists(
        st.lists(keys, min_size=width, max_size=width), min_size=1, max_size=3
    ).map(lambda rows: np.array(rows, dtype=np.int32).reshape(len(rows), width))
)


def test_hand_worked() -> None:
    # The second row begins with the key that the first ends with: a run of its own all the same.
    runs = Runs.of(np.array([[9, 7, 9, -1], [9, 9, 9, 9]], dtype=np.int32))
    assert runs.bounds.tolist() == [0, 1, 2, 4, 8]
    assert runs.unsorted(runs.below()).tolist() == [[2, 1, 2, 0], [0, 0, 0, 0]]
    assert runs.unsorted(runs.distinct_below()).tolist() == [[2, 1, 2, 0], [0, 0, 0, 0]]
    assert runs.unsorted(runs.alike()).tolist() == [[2, 1, 2, 1], [4, 4, 4, 4]]


def test_distinct_keys_count_once() -> None:
    runs = Runs.of(np.array([[1, 1, 5, 3]], dtype=np.int32))
    assert runs.unsorted(runs.below()).tolist() == [[0, 0, 3, 2]]
    assert runs.unsorted(runs.distinct_below()).tolist() == [[0, 0, 2, 1]]


@given(table=tables)
@settings(deadline=None)
def test_agrees_with_counting(table: np.ndarray) -> None:
    runs = Runs.of(table)
    rows = table.tolist()
    assert runs.unsorted(runs.below()).tolist() == [
        [sum(other < key for other in row) for key in row] for row in rows
    ]
    assert runs.unsorted(runs.distinct_below()).tolist() == [
        [sum(other < key for other in set(row)) for key in row] for row in rows
    ]
    assert runs.unsorted(runs.alike()).tolist() == [[row.count(key) for key in row] for row in rows]


def test_only_the_rows_asked_for_are_counted() -> None:
    runs = Runs.of(np.array([[1, 2], [4, 4], [6, 5]], dtype=np.int32))
    assert runs.below(slice(1, None)).tolist() == [[0, 0], [0, 1]]
    assert runs.distinct_below(slice(1)).tolist() == [[0, 1]]
    assert runs.alike(slice(1, 2)).tolist() == [[2, 2]]


@given(values=st.lists(st.floats(width=32, allow_nan=False), max_size=12))
@settings(deadline=None)
def test_whole_numbers_rise_as_the_floats_do(values: list[float]) -> None:
    row = np.array([values], dtype=np.float32)
    whole = rising(row)[0]
    for place, value in enumerate(row[0]):
        np.testing.assert_array_equal(whole < whole[place], row[0] < value)
        np.testing.assert_array_equal(whole == whole[place], row[0] == value)


@pytest.mark.parametrize("sign", [1, -1])
def test_nan_of_either_sign_comes_last(sign: int) -> None:
    nan = np.copysign(np.float32(NAN), np.float32(sign))
    low, last, high = rising(np.array([[-1, nan, 3e38]], dtype=np.float32))[0]
    assert low < high < last
