"""F = Σ wᵢ vᵢ, normalised: worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.encoders.fuse import fuse
from server.errors import InvalidRequest

X, Y = [1.0, 0.0], [0.0, 1.0]


@pytest.mark.parametrize(
    ("vectors", "weights", "expected"),
    [
        ([X], [1.0], X),
        ([X], [0.2], X),
        ([X], [-1.0], [-1.0, 0.0]),
        ([X, Y], [1.0, 1.0], [0.70710678, 0.70710678]),
        ([X, Y], [3.0, 4.0], [0.6, 0.8]),
        ([X, Y], [4.0, -3.0], [0.8, -0.6]),
    ],
)
def test_weighted_sum_is_normalised(
    vectors: list[list[float]], weights: list[float], expected: list[float]
) -> None:
    fused = fuse(np.array(vectors, np.float32), np.array(weights, np.float32))
    assert fused.dtype == np.float32
    np.testing.assert_allclose(fused, expected, atol=1e-6)


@pytest.mark.parametrize("weights", [[1.0, -1.0], [10.0, -10.0], [0.001, -0.001]])
def test_parts_that_cancel_out_are_refused(weights: list[float]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        fuse(np.array([X, X], np.float32), np.array(weights, np.float32))
    assert caught.value.reason == "QUERY_CANCELS_OUT"


@given(
    weights=st.lists(st.floats(0.125, 8, width=32), min_size=1, max_size=8),
    scale=st.floats(0.125, 8, width=32),
)
def test_scaling_all_weights_changes_nothing(weights: list[float], scale: float) -> None:
    vectors = np.eye(8, dtype=np.float32)[: len(weights)]
    once = np.array(weights, np.float32)
    np.testing.assert_allclose(fuse(vectors, once), fuse(vectors, once * scale), atol=1e-6)
