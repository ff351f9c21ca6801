"""Oklab against its published values, and what the histograms see and overlook."""

import numpy as np
import pytest

from exporter.towers.colour_branch import (
    CELLS,
    REGIONS,
    colour_features,
    feature_count,
    reference_colours,
    region_weights,
    to_oklab,
)


def picture(
    colour: tuple[int, int, int], *, margin: int = 0, ground: tuple[int, int, int] = (255, 255, 255)
) -> np.ndarray:
    pixels = np.full((CELLS * 2, CELLS * 2, 3), ground, np.uint8)
    pixels[margin : CELLS * 2 - margin, margin : CELLS * 2 - margin] = colour
    return pixels


@pytest.mark.parametrize(
    ("colour", "lab"),
    [  # Ottosson, 2020
        ((1, 1, 1), (1.0, 0.0, 0.0)),
        ((1, 0, 0), (0.628, 0.225, 0.126)),
        ((0, 1, 0), (0.866, -0.234, 0.179)),
        ((0, 0, 1), (0.452, -0.032, -0.312)),
    ],
)
def test_oklab(colour: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    assert to_oklab(np.array(colour, np.float32)) == pytest.approx(lab, abs=1e-3)


def test_every_region_is_a_histogram() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (2, CELLS, CELLS, 3), dtype=np.uint8)
    features = colour_features(pixels)
    assert features.shape == (2, feature_count())
    masses = (features.reshape(2, REGIONS, -1) ** 2).sum(2)
    assert masses == pytest.approx(np.ones((2, REGIONS)), abs=1e-5)


def test_counts_agree() -> None:
    assert feature_count() == REGIONS * len(reference_colours())
    assert region_weights().shape == (REGIONS, CELLS * CELLS)


def test_a_white_background_hardly_counts_and_a_grey_one_does() -> None:
    whole, small, on_grey = colour_features(
        np.stack(
            [
                picture((200, 30, 30)),
                picture((200, 30, 30), margin=20),
                picture((200, 30, 30), margin=20, ground=(120, 120, 120)),
            ]
        )
    )
    assert np.linalg.norm(whole - small) < 0.5
    assert np.linalg.norm(whole - on_grey) > 2 * np.linalg.norm(whole - small)


def test_a_white_picture_is_finite() -> None:
    assert np.isfinite(colour_features(picture((255, 255, 255))[None])).all()


def test_above_and_below_are_told_apart() -> None:
    red_above = picture((200, 30, 30))
    red_above[CELLS:] = (30, 30, 200)
    features = colour_features(np.stack([red_above, red_above[::-1]])).reshape(2, REGIONS, -1)
    above, below = 2, 3
    assert np.linalg.norm(features[0, above] - features[1, below]) < 0.25
    assert np.linalg.norm(features[0, above] - features[0, below]) > 0.8
