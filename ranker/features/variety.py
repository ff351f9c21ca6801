"""How usual the product is among the candidates: what many share sets none of them apart."""

from __future__ import annotations

from math import sqrt

import numpy as np

from ranker.columns import Float32Array
from ranker.features.cosine import cosines
from ranker.features.family import Family, Feature
from ranker.features.finish import Finish
from ranker.features.scene import Scene


def variety(scene: Scene, rows: Float32Array) -> None:
    """Rows as in ``FAMILY``.

    ``centre_distance`` is 1 less the cosine of the product's vector with the candidates' mean
    vector, NaN without a vector. ``median_price_distance`` is the absolute logarithm of the price
    over the candidates' median. A share is that of candidates with the same value, NaN without one.
    """
    columns = scene.candidates
    rows[0] = _centre_distance(scene.vectors)
    np.abs(scene.log_prices_to_median, out=rows[1])
    codes = (columns.brand, columns.category, columns.group, columns.color)
    for row, column in zip(rows[2:].view(np.int32), codes, strict=True):
        row[:] = column


def _centre_distance(vectors: Float32Array) -> Float32Array:
    # Whole numbers, and so are their squares' sums in float64: exact, whoever adds them up.
    centre = (np.ones(len(vectors), dtype=np.float32) @ vectors).astype(np.float64)
    return 1 - cosines(vectors, centre / max(sqrt(centre @ centre), 1.0))


FAMILY = Family(
    name="variety",
    version=2,
    features=(
        Feature(name="centre_distance"),
        Feature(name="median_price_distance"),
        Feature(name="brand_share", finish=Finish.SHARE_ALIKE),
        Feature(name="category_share", finish=Finish.SHARE_ALIKE),
        Feature(name="group_share", finish=Finish.SHARE_ALIKE),
        Feature(name="color_share", finish=Finish.SHARE_ALIKE),
    ),
    give=variety,
)
