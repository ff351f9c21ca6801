"""Vectors are kept some rows at a time as they would be each by itself."""

from __future__ import annotations

import numpy as np
import pytest

from server.arrays import BoolArray, Float32Array
from server.catalog.vector_bytes import pack, unpack
from server.signals import vectors
from server.signals.vectors import fixed_scale, fuse, kept_vectors, quantise, unit_rows


def drawn(count: int, *, seed: int) -> Float32Array:
    rows = np.random.default_rng(seed).standard_normal((count, 8)).astype(np.float32)
    return unit_rows(rows)


def whole(count: int) -> BoolArray:
    return np.ones(count, dtype=bool)


@pytest.mark.parametrize("rows_at_a_time", [1, 4, 9, 128])
def test_runs_of_any_length_give_the_same(
    rows_at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "_ROWS_AT_A_TIME", rows_at_a_time)
    text, image = drawn(9, seed=1), drawn(9, seed=2)
    has_text, has_image = np.arange(9) % 3 > 0, np.arange(9) < 6

    kept = kept_vectors(text, image, has_text=has_text, has_image=has_image, image_share=0.3)

    counting = (
        np.where(has_text[:, None], text, np.float32(0)),
        np.where(has_image[:, None], image, np.float32(0)),
    )
    for view, rows in enumerate(counting):
        steps, scales = quantise(rows)
        np.testing.assert_array_equal(kept.vectors[:, view], steps)
        np.testing.assert_array_equal(kept.scales[:, view], scales)
    fused = fuse(*counting, has_text=has_text, has_image=has_image, image_share=0.3)
    np.testing.assert_array_equal(kept.fused, fixed_scale(fused))
    # Row 6 has neither vector.
    assert not kept.vectors[6].any()
    assert not kept.fused[6].any()


def test_a_row_that_does_not_count_may_hold_anything() -> None:
    text, image = drawn(2, seed=1), np.full((2, 8), np.nan, dtype=np.float32)

    kept = kept_vectors(text, image, has_text=whole(2), has_image=~whole(2), image_share=0.3)

    assert not kept.vectors[:, 1].any()
    assert kept.scales[:, 1].tolist() == [0.0, 0.0]
    np.testing.assert_array_equal(kept.fused, fixed_scale(text))


def test_the_largest_component_is_127_steps_whichever_its_sign() -> None:
    steps, scales = quantise(np.array([[-1.27, 0.01], [0.5, 1.27], [0, 0]], dtype=np.float32))

    assert steps.tolist() == [[-127, 1], [50, 127], [0, 0]]
    assert scales.tolist() == pytest.approx([0.01, 0.01, 0.0])


def test_no_vectors_are_kept_of_no_products() -> None:
    nothing = np.zeros((0, 8), dtype=np.float32)

    kept = kept_vectors(nothing, nothing, has_text=whole(0), has_image=whole(0), image_share=0.3)

    assert (kept.vectors.shape, kept.scales.shape, kept.fused.shape) == ((0, 2, 8), (0, 2), (0, 8))


@pytest.mark.parametrize("every", [1, 2, 1_000])
def test_stored_vectors_are_unpacked_some_rows_at_a_time(every: int) -> None:
    """600 rows are more than two runs, and where each has a vector none is copied to its place."""
    rows = drawn(600, seed=3)
    has = [place % every == 0 for place in range(600)]

    read, kept = unpack(pack(rows * 0.5, has=has), dimension=8)

    assert kept.tolist() == has
    assert np.abs(read[kept] - rows[kept]).max() < 1e-3
    assert np.abs(np.linalg.norm(read[kept], axis=1) - 1).max() < 1e-6
    assert not read[~kept].any()
