"""How usual the product is among the candidates: what many share sets none of them apart."""

from __future__ import annotations

import numpy as np

from ranker.columns import VECTOR_SCALE, CandidateColumns, Float32Array, Int8Array, QueryFacts
from ranker.features.family import Family, Feature
from ranker.features.relative import median, share_alike


def variety(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """Rows as in ``FAMILY``.

    ``centre_distance`` is 1 less the cosine of the product's vector with the candidates' mean
    vector, NaN without a vector. ``median_price_distance`` is the absolute logarithm of the price
    over the candidates' median. A share is that of candidates with the same value, NaN without one.
    """
    del query
    logs = np.log(np.maximum(candidates.price, np.float32(0.01)))
    from_median = np.abs(logs - np.float32(median(logs)))
    codes = (candidates.brand, candidates.category, candidates.group, candidates.color)
    distances = (_centre_distance(candidates.vectors), from_median)
    return np.concatenate((np.array(distances), share_alike(np.array(codes))))


def _centre_distance(vectors: Int8Array) -> Float32Array:
    rows = vectors.astype(np.float32)
    centre = np.ones(len(rows), dtype=np.float32) @ rows
    cosines: Float32Array = rows @ centre
    # Rows are unit vectors but for rounding; one that is all zero stands for no vector.
    cosines[cosines == 0] = np.nan
    cosines *= VECTOR_SCALE / np.maximum(np.sqrt(centre @ centre), 1)
    return 1 - cosines


FAMILY = Family(
    name="variety",
    version=1,
    features=(
        Feature(name="centre_distance"),
        Feature(name="median_price_distance"),
        Feature(name="brand_share"),
        Feature(name="category_share"),
        Feature(name="group_share"),
        Feature(name="color_share"),
    ),
    compute=variety,
)
