"""How usual the product is among the candidates: what many share sets none of them apart."""

from __future__ import annotations

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, Int8Array, QueryFacts
from ranker.features.cosine import cosines
from ranker.features.family import Family, Feature
from ranker.features.relative import log_price, median, share_alike


def variety(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """Rows as in ``FAMILY``.

    ``centre_distance`` is 1 less the cosine of the product's vector with the candidates' mean
    vector, NaN without a vector. ``median_price_distance`` is the absolute logarithm of the price
    over the candidates' median. A share is that of candidates with the same value, NaN without one.
    """
    del query
    logs = log_price(candidates.price)
    from_median = np.abs(logs - np.float32(median(logs)))
    codes = (candidates.brand, candidates.category, candidates.group, candidates.color)
    distances = (_centre_distance(candidates.vectors), from_median)
    return np.concatenate((np.array(distances), share_alike(np.array(codes))))


def _centre_distance(vectors: Int8Array) -> Float32Array:
    rows = vectors.astype(np.float32)
    # Whole numbers, and so are their squares' sums in float64: exact, whoever adds them up.
    centre = (np.ones(len(rows), dtype=np.float32) @ rows).astype(np.float64)
    return 1 - cosines(rows, centre / np.maximum(np.sqrt(centre @ centre), 1.0))


FAMILY = Family(
    name="variety",
    version=2,
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
