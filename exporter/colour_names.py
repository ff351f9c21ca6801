"""Name the colour of what stands in the middle of a picture, in a shopper's basic words.

Pictures without a colour in their catalogue get one here, so that a head learns colour from
photographs too. Berlin and Kay's basic terms are cut out of Oklab by lightness, chroma and hue;
what lies near a border, and beige, which is more often skin or cardboard than a product, has no
name, because a caption left out costs less than a wrong one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exporter.towers.colour_branch import CELLS, WHITE, region_weights, to_oklab

_NAMES = (
    "",
    "black",
    "gray",
    "white",
    "pink",
    "red",
    "brown",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
)
_CENTRE = 1  # the region of `region_weights` that covers the middle
_GROUND_SPREAD = 0.06
_GROUND_WEIGHT = 0.02
_LEAST_SHARE = 0.5
_GREYISH, _VIVID, _NEARLY_BLACK = 0.035, 0.1, 0.28
# Hue from (degrees), hue to, then the name when dark, light and dull, light and vivid, and the
# lightness that parts dark from light.
_HUES = (
    (14, 42, "brown", "", "red", 0.62),
    (42, 78, "brown", "", "orange", 0.58),
    (78, 112, "brown", "", "yellow", 0.62),
    (112, 195, "green", "green", "green", 0.5),
    (195, 288, "blue", "blue", "blue", 0.5),
    (288, 322, "purple", "purple", "purple", 0.5),
    (322, 340, "purple", "pink", "pink", 0.62),
    (340, 374, "red", "pink", "pink", 0.5),
)


def name_colour(pixels: NDArray[np.uint8]) -> str | None:
    """Name the main colour of a square picture, uint8 (s, s, 3); None when none stands out.

    A word is given when at least half of the middle, background aside, goes by that name.
    """
    side = pixels.shape[0] // CELLS
    used = pixels[: side * CELLS, : side * CELLS]
    cells = used.reshape(CELLS, side, CELLS, side, 3).mean((1, 3)) / 255
    lab = to_oklab(cells).reshape(-1, 3)
    ground = np.exp(-((lab - WHITE) ** 2).sum(-1) / (2 * _GROUND_SPREAD**2))
    weights = region_weights()[_CENTRE] * (1 - ground + _GROUND_WEIGHT)
    shares = np.bincount(_name_cells(lab), weights=weights, minlength=len(_NAMES))
    best = int(shares.argmax())
    return _NAMES[best] or None if shares[best] >= _LEAST_SHARE * shares.sum() else None


def _name_cells(lab: NDArray[np.float32]) -> NDArray[np.int64]:
    lightness, chroma = lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])
    hue = (np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) - _HUES[0][0]) % 360 + _HUES[0][0]
    names = np.zeros(len(lab), np.int64)

    def paint(where: NDArray[np.bool_], name: str) -> None:
        names[where] = _NAMES.index(name)

    for low, high, dark, dull, vivid, limit in _HUES:
        sector = (hue >= low) & (hue < high)
        light = lightness >= limit
        paint(sector & light & (chroma < _VIVID), dull)
        paint(sector & light & (chroma >= _VIVID), vivid)
        paint(sector & ~light, dark)
    # A deep red is vivid and dark at once.
    paint((hue >= _HUES[0][0]) & (hue < _HUES[0][1]) & (chroma >= _VIVID), "red")
    greyish = chroma < _GREYISH
    paint(greyish, "")
    paint(greyish & (lightness < 0.36), "black")  # noqa: PLR2004 - Oklab lightness
    paint(greyish & (lightness >= 0.36) & (lightness < 0.66), "gray")  # noqa: PLR2004
    paint(greyish & (lightness >= 0.8), "white")  # noqa: PLR2004
    paint((lightness < _NEARLY_BLACK) & (chroma < _VIVID / 2), "black")
    return names
