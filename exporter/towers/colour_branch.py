"""What colours a picture shows and where: a soft histogram, because pooled features forget colour.

Pixels are averaged over square cells, moved to Oklab (Ottosson, 2020, "A perceptual color space
for image processing"), and shared out softly among reference colours. Five windows (the whole, the
centre, above, below, a wide centre) each give one histogram, in which cells near white count
little: a studio background says nothing about the product. The square root of a histogram is
returned, so that Euclidean distance is Hellinger distance.

This module holds the numbers and the plain numpy twin; `exporter.towers.image_graph` writes the
same arithmetic into the tower.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CELLS = 52  # cells along one side; the graph needs a resolution that they divide
COLOUR_SPREAD = 0.06  # Oklab units; how far one reference colour reaches
GROUND_SPREAD = 0.06  # Oklab units from white within which a cell counts as background
GROUND_WEIGHT = 0.02  # what a cell of pure white still counts, so that white pictures have weights
LIGHTNESS_SCALE = 0.5  # shadows change lightness more than they change hue
LINEAR_KNEE = 0.04045  # sRGB transfer function, IEC 61966-2-1
SMALLEST_CONE_RESPONSE = 1e-6

CONES_FROM_LINEAR: Floats = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
LAB_FROM_CONES: Floats = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
WHITE: Floats = np.array([1.0, 0.0, 0.0], np.float32)

_GREYS = (0.12, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0)
_HUES = 12
_LIGHTNESS_AND_CHROMA = ((0.35, 0.08), (0.55, 0.14), (0.75, 0.14), (0.8, 0.06), (0.5, 0.06))
# Centre down, centre across, spread down, spread across, as shares of the side.
_WINDOWS = (
    (0.5, 0.5, 0.15, 0.12),
    (0.3, 0.5, 0.12, 0.12),
    (0.75, 0.5, 0.12, 0.15),
    (0.45, 0.5, 0.3, 0.2),
)
REGIONS = 1 + len(_WINDOWS)


def feature_count() -> int:
    """How many features the branch gives: a histogram of 67 colours for each of five regions.

    >>> feature_count()
    335
    """
    return REGIONS * (len(_GREYS) + _HUES * len(_LIGHTNESS_AND_CHROMA))


def reference_colours() -> Floats:
    """Seven greys and twelve hues at five strengths: (67, 3), Oklab."""
    colours = [(lightness, 0.0, 0.0) for lightness in _GREYS]
    for hue in range(_HUES):
        angle = hue * 2 * np.pi / _HUES
        colours += [
            (lightness, chroma * np.cos(angle), chroma * np.sin(angle))
            for lightness, chroma in _LIGHTNESS_AND_CHROMA
        ]
    return np.array(colours, np.float32)


def region_weights() -> Floats:
    """How much every cell counts in every region: (5, cells * cells), row by row."""
    centres = (np.arange(CELLS) + 0.5) / CELLS
    down, across = np.meshgrid(centres, centres, indexing="ij")
    weights = [np.ones_like(down)] + [
        np.exp(-(((down - top) / high) ** 2) / 2 - ((across - left) / wide) ** 2 / 2)
        for top, left, high, wide in _WINDOWS
    ]
    return np.stack(weights).reshape(REGIONS, CELLS * CELLS).astype(np.float32)


def to_oklab(colours: NDArray[np.floating]) -> Floats:
    """Move sRGB colours in 0..1, (..., 3), to Oklab.

    >>> to_oklab(np.array([1.0, 1.0, 1.0])).round(3).tolist()
    [1.0, 0.0, 0.0]
    """
    linear = np.where(
        colours <= LINEAR_KNEE, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4
    ).astype(np.float32)
    cones = np.cbrt(np.maximum(linear @ CONES_FROM_LINEAR.T, SMALLEST_CONE_RESPONSE))
    lab: Floats = np.asarray(cones @ LAB_FROM_CONES.T, np.float32) + np.float32(0)
    return lab


def colour_features(pixels: NDArray[np.uint8]) -> Floats:
    """Give the colour part of a tower's features: (n, 335), for square uint8 (n, s, s, 3)."""
    side = pixels.shape[1] // CELLS
    cells = pixels.reshape(-1, CELLS, side, CELLS, side, 3).mean((2, 4), dtype=np.float64) / 255
    lab = to_oklab(cells).reshape(len(pixels), CELLS * CELLS, 3)
    scale = np.array([LIGHTNESS_SCALE, 1, 1], np.float32)
    distances = ((lab[:, :, None] - reference_colours()) * scale) ** 2
    shares = np.exp(-distances.sum(-1) / (2 * COLOUR_SPREAD**2))
    shares /= shares.sum(-1, keepdims=True)
    ground = np.exp(-((lab - WHITE) ** 2).sum(-1) / (2 * GROUND_SPREAD**2))
    weights = region_weights() * (1 - ground + GROUND_WEIGHT)[:, None]
    histograms = weights @ shares / weights.sum(-1, keepdims=True)
    features: Floats = np.sqrt(histograms).reshape(len(pixels), -1).astype(np.float32)
    return features
