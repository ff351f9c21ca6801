"""Augmented views: same shape, same colours, another position."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.augment import augment


def square() -> np.ndarray:
    pixels = np.full((40, 40, 3), 255, np.uint8)
    pixels[10:30, 10:30] = (180, 20, 20)
    return pixels


@settings(max_examples=40, deadline=None)
@given(st.integers(min_value=0, max_value=10_000))
def test_a_view_keeps_shape_and_hue(seed: int) -> None:
    view = augment(square(), random=np.random.default_rng(seed))
    assert view.shape == (40, 40, 3)
    assert view.dtype == np.uint8
    reddest = view.reshape(-1, 3)[(view[..., 0].astype(int) - view[..., 1]).argmax()].astype(int)
    assert reddest[0] > 4 * reddest[1]
    assert abs(reddest[1] - reddest[2]) <= 1


def test_same_seed_same_view_and_seeds_differ() -> None:
    views = [augment(square(), random=np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert (views[0] == views[1]).all()
    assert (views[0] != views[2]).any()
