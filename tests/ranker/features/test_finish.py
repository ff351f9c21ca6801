"""Finishing rows together, worked by hand and against finishing each alone."""

import numpy as np
import pytest

from ranker.columns import Float32Array
from ranker.features import relative
from ranker.features.finish import Finish, Finisher

NAN = float("nan")
CODES = np.array([2**24, 2**24 + 1, -1, 2**24], dtype=np.int32)
"""Two that float32 cannot tell apart, and one unknown."""


@pytest.fixture
def rows() -> Float32Array:
    """Return values of four candidates in six rows."""
    table = np.empty((6, 4), dtype=np.float32)
    table[:5] = [1, 3, NAN, 3]
    table[5].view(np.int32)[:] = CODES
    return table


def test_hand_worked(rows: Float32Array) -> None:
    kinds = (
        Finish.NONE,
        Finish.RECIPROCAL_RANK,
        Finish.DENSE_RECIPROCAL_RANK,
        Finish.SHARE_BELOW,
        Finish.MIN_MAX,
        Finish.SHARE_ALIKE,
    )
    Finisher.of((kind, row, row) for row, kind in enumerate(kinds)).finish(rows)
    expected = [
        [1, 3, NAN, 3],
        [1 / 3, 1, NAN, 1],
        [1 / 2, 1, NAN, 1],
        [0, 1 / 4, NAN, 1 / 4],
        [0, 1, NAN, 1],
        [1 / 2, 1 / 4, NAN, 1 / 2],
    ]
    np.testing.assert_allclose(rows, np.array(expected, dtype=np.float32))


def test_ranks_see_what_was_given_and_gaps_what_was_standardised(rows: Float32Array) -> None:
    rows[1:] = NAN
    given = rows[:1].copy()
    Finisher.of(
        [
            (Finish.STANDARDISED, 0, 0),
            (Finish.GAP_TO_BEST, 1, 0),
            (Finish.RECIPROCAL_RANK, 2, 0),
            (Finish.NONE, 3, 3),
        ]
    ).finish(rows)
    scores = relative.standardised(given)
    np.testing.assert_array_equal(rows[:1], scores)
    np.testing.assert_array_equal(rows[1:2], relative.gap_to_best(scores))
    np.testing.assert_array_equal(rows[2:3], relative.reciprocal_rank(given))
    assert np.isnan(rows[3:]).all()


@pytest.mark.parametrize("count", [0, 1, 2, 200])
@pytest.mark.parametrize("seed", [1, 2])
def test_together_is_as_alone(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=(5, count)), 1).astype(np.float32)
    values[rng.random(values.shape) < 0.2] = NAN
    values[rng.random(values.shape) < 0.1] = np.inf
    finisher = Finisher.of(
        [
            (Finish.SHARE_BELOW, 0, 0),
            (Finish.RECIPROCAL_RANK, 1, 1),
            (Finish.DENSE_RECIPROCAL_RANK, 2, 2),
            (Finish.GAP_TO_BEST, 3, 3),
            (Finish.MIN_MAX, 4, 4),
        ]
    )
    # The best less the best is no number where it is infinite.
    with np.errstate(invalid="ignore"):
        alone = (
            relative.share_below(values[:1]),
            relative.reciprocal_rank(values[1:2]),
            relative.reciprocal_rank(values[2:3], dense=True),
            relative.gap_to_best(values[3:4]),
            relative.min_max(values[4:]),
        )
        finisher.finish(values)
    np.testing.assert_array_equal(values, np.concatenate(alone))


def test_without_rows_to_finish_nothing_happens(rows: Float32Array) -> None:
    before = rows.copy()
    Finisher.of([(Finish.NONE, 0, 0)]).finish(rows)
    np.testing.assert_array_equal(rows, before)
