"""Columns relative to the candidates: invariants for any values, beside the doctests."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker.columns import Float32Array
from ranker.features import relative

NAN = float("nan")

Relative = Callable[[Float32Array], Float32Array]

values = st.sampled_from([NAN, -2.5, 0.0, 0.25, 0.5, 3.0, 1000.0]) | st.floats(-1e6, 1e6, width=32)
columns = st.integers(0, 12).flatmap(
    lambda count: st.lists(
        st.lists(values, min_size=count, max_size=count), min_size=1, max_size=3
    ).map(lambda rows: np.array(rows, dtype=np.float32).reshape(len(rows), count))
)

FUNCTIONS = [
    relative.standardised,
    relative.gap_to_best,
    relative.min_max,
    relative.reciprocal_rank,
    relative.share_below,
]


@pytest.mark.parametrize("function", FUNCTIONS)
@given(rows=columns)
@settings(deadline=None)
def test_unknown_stays_unknown_and_nothing_else_becomes_so(
    function: Relative, rows: Float32Array
) -> None:
    result = function(rows)
    assert result.shape == rows.shape
    assert result.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(result), np.isnan(rows))


@pytest.mark.parametrize("function", FUNCTIONS)
@given(rows=columns, seed=st.integers(0, 99))
@settings(deadline=None)
def test_permuting_candidates_permutes_results(
    function: Relative, rows: Float32Array, seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(rows.shape[1])
    np.testing.assert_allclose(
        function(rows[:, order]), function(rows)[:, order], rtol=1e-4, atol=1e-4
    )


@given(rows=columns)
@settings(deadline=None)
def test_standardised_columns_have_mean_0_and_deviation_1(rows: Float32Array) -> None:
    for scaled in relative.standardised(rows):
        known = scaled[~np.isnan(scaled)]
        if len(known) and known.any():
            assert known.mean() == pytest.approx(0, abs=1e-3)
            assert known.std() == pytest.approx(1, abs=1e-3)


@given(rows=columns)
@settings(deadline=None)
def test_what_is_unknown_in_one_row_changes_no_other(rows: Float32Array) -> None:
    together = relative.standardised(rows)
    alone = [relative.standardised(row[None, :])[0] for row in rows]
    assert together.tobytes() == np.array(alone).tobytes()


@pytest.mark.parametrize("value", [0.0, 0.1, 0.7333333, -123456.7, 1e-20])
@pytest.mark.parametrize("count", [1, 3, 7, 200])
def test_equal_values_do_not_stand_apart(value: float, count: int) -> None:
    rows = np.full((1, count), value, dtype=np.float32)
    assert not relative.standardised(rows).any()


@given(rows=columns)
@settings(deadline=None)
def test_ranks_agree_with_counting(rows: Float32Array) -> None:
    for row, rank, dense, below in zip(
        rows,
        relative.reciprocal_rank(rows),
        relative.reciprocal_rank(rows, dense=True),
        relative.share_below(rows),
        strict=True,
    ):
        known = row[~np.isnan(row)]
        for place, value in enumerate(row):
            if np.isnan(value):
                continue
            assert rank[place] == pytest.approx(1 / (1 + (known > value).sum()))
            assert dense[place] == pytest.approx(1 / (1 + len(set(known[known > value]))))
            assert below[place] == pytest.approx((known < value).sum() / len(row))


@given(column=st.lists(values, max_size=12))
@settings(deadline=None)
def test_median_agrees_with_numpy(column: list[float]) -> None:
    array = np.array(column, dtype=np.float32)
    known = array[~np.isnan(array)].astype(np.float64)
    expected = np.median(known) if len(known) else NAN
    assert relative.median(array) == pytest.approx(expected, rel=1e-6, nan_ok=True)


@given(codes=st.lists(st.integers(-1, 4), max_size=20))
@settings(deadline=None)
def test_share_alike_agrees_with_counting(codes: list[int]) -> None:
    shares = relative.share_alike(np.array([codes, codes], dtype=np.int32))
    expected = [NAN if code < 0 else codes.count(code) / len(codes) for code in codes]
    for row in shares:
        assert row.tolist() == pytest.approx(expected, nan_ok=True)
