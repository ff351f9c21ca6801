"""The gate lets an engine pass that scores alike, and says what it has against any other."""

import numpy as np
import pytest

from ranker.columns import Float32Array
from ranker.engine_gate import EDGE_ROWS, edge_rows, objection, thresholds

MODEL = "split_feature=0\nthreshold=1\nsplit_feature=1 0\nthreshold=0.10000000000000001 2"
SAMPLE = np.array([[0.5, 1.0], [1.5, np.nan], [2.5, 0.1], [3.0, 0.0]], dtype=np.float32)


def reference(rows: Float32Array) -> Float32Array:
    """Two trees by hand; unknown goes left in both."""
    first = np.where(rows[:, 0] > 1, np.where(rows[:, 0] > 2, 3.0, 2.0), 1.0)
    second = np.where(rows[:, 1].astype(np.float64) > 0.1, 0.25, 0.0)
    return (first + second).astype(np.float32)


def test_an_engine_that_scores_alike_passes() -> None:
    def nearly(rows: Float32Array) -> Float32Array:
        return reference(rows) + np.float32(2e-6)

    assert objection(MODEL, sample=SAMPLE, reference=reference, candidate=nearly) is None


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        pytest.param(lambda rows: reference(rows) + np.float32(1e-3), "differ", id="far"),
        pytest.param(lambda rows: reference(rows)[:-1], "finite", id="too few"),
        pytest.param(
            lambda rows: np.where(rows[:, 0] == 1, np.nan, reference(rows)), "finite", id="NaN"
        ),
        # No stored row tells these from the reference: rows on the thresholds do.
        pytest.param(
            lambda rows: reference(np.where(rows == 1, np.float32(1.1), rows)), "differ", id="< 1"
        ),
        pytest.param(
            lambda rows: reference(np.nan_to_num(rows, nan=9)), "differ", id="unknown goes right"
        ),
    ],
)
def test_any_other_does_not(candidate: object, said: str) -> None:
    assert callable(candidate)
    told = objection(MODEL, sample=SAMPLE[:1], reference=reference, candidate=candidate)
    assert told is not None
    assert said in told


def test_stored_rows_must_keep_their_order() -> None:
    sample = np.array([[0.0, 0.0], [1.5, 0.0]], dtype=np.float32)

    def close(rows: Float32Array) -> Float32Array:
        return np.where(rows[:, 0] > 1, np.float32(4e-6), np.float32(0))

    def turned(rows: Float32Array) -> Float32Array:
        return np.float32(4e-6) - close(rows)

    told = objection(MODEL, sample=sample, reference=close, candidate=turned)
    assert told == "it puts the stored rows in another order"


def test_edge_rows_stand_on_and_beside_thresholds() -> None:
    rows = edge_rows(SAMPLE, thresholds(MODEL))
    assert rows.shape == (EDGE_ROWS, 2)
    assert rows.dtype == np.float32
    one = np.float32(1)
    first = rows[:, 0]
    for value in (one, np.nextafter(one, np.float32(0)), np.nextafter(one, np.float32(2)), 0.0):
        assert (first == value).any()
    assert np.isnan(first).any()
    assert np.isin(first, SAMPLE[:, 0]).mean() > 0.3
    np.testing.assert_array_equal(rows, edge_rows(SAMPLE, thresholds(MODEL)))
