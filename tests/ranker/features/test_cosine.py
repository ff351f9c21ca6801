"""Cosines against whole-number arithmetic: equal to the last bit, in any order of adding."""

from __future__ import annotations

import numpy as np
import pytest

from ranker.features.cosine import cosines


def unit_rows(rng: np.random.Generator, *, rows: int, width: int) -> np.ndarray:
    vectors = rng.normal(size=(rows, width))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.rint(vectors * 127).astype(np.int8)


@pytest.mark.parametrize("width", [1, 7, 384, 1024])
def test_agrees_bit_for_bit_with_whole_numbers(width: int) -> None:
    rng = np.random.default_rng(width)
    rows = unit_rows(rng, rows=50, width=width)
    rows[3] = 0
    direction = rng.normal(size=width)
    direction /= np.linalg.norm(direction)
    whole = rows.astype(np.int64) @ np.rint(direction * 65_536).astype(np.int64)
    assert np.abs(whole).max() < 2**24
    expected = whole.astype(np.float32) * np.float32(np.float32(1 / 127) / np.float32(65_536))
    expected[whole == 0] = np.nan
    found = cosines(rows.astype(np.float32), direction)
    np.testing.assert_array_equal(found, expected)
    true = (rows.astype(np.float64) / 127) @ direction
    np.testing.assert_allclose(np.delete(found, 3), np.delete(true, 3), atol=2e-5)


@pytest.mark.parametrize("width", [384, 1024])
def test_the_order_of_adding_cannot_show(width: int) -> None:
    rng = np.random.default_rng(2)
    rows = unit_rows(rng, rows=50, width=width).astype(np.float32)
    direction = rows[0] / np.linalg.norm(rows[0])
    order = rng.permutation(width)
    np.testing.assert_array_equal(
        cosines(rows, direction),
        cosines(np.ascontiguousarray(rows[:, order]), direction[order]),
    )


def test_without_a_direction_nothing_is_known() -> None:
    rows = np.array([[127, 0], [0, 0]], dtype=np.float32)
    assert np.isnan(cosines(rows, np.zeros(2))).all()
    assert cosines(rows[:0], np.zeros(2)).shape == (0,)
