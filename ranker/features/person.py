"""How the product fits what the shopper looked at, carted and bought lately."""

from __future__ import annotations

import numpy as np

from ranker.columns import Float32Array, Int32Array
from ranker.features.cosine import cosines
from ranker.features.family import Family, Feature
from ranker.features.finish import Finish
from ranker.features.scene import Scene


def person(scene: Scene, rows: Float32Array) -> None:
    """Rows as in ``FAMILY``, all NaN where nothing is known of who asks.

    ``person_similarity`` is the cosine of the product's vector with the shopper's, ``…_z`` in
    deviations of the candidates, ``…_gap`` less the best; NaN where either has no vector. A share
    is that of the shopper's recent interest that the product's brand (deepest category) has: 0 for
    one they left alone, NaN for a product without one. ``person_bought`` says whether they bought
    a variant of the product. ``person_evidence`` is the logarithm of 1 + the weight of their
    events, the same for all candidates: how far the rest can be trusted.
    """
    who, candidates = scene.query.person, scene.candidates
    if who is None:
        rows.fill(np.nan)
        return
    rows[:2] = cosines(scene.vectors, who.vector)
    rows[3] = who.brand_shares @ _same(who.brands, candidates.brand)
    rows[4] = who.category_shares @ _same(who.categories, candidates.category)
    np.maximum.reduce(_same(who.bought_groups, candidates.group), initial=0, out=rows[5])
    for row, codes in zip(
        rows[3:6], (candidates.brand, candidates.category, candidates.group), strict=True
    ):
        row[codes < 0] = np.nan
    rows[6] = np.log1p(max(who.events, 0.0))


def _same(listed: Int32Array, codes: Int32Array) -> Float32Array:
    """1 where one of the listed codes (b,) is that of a candidate (n,), else 0; float32 (b, n)."""
    same: Float32Array = (listed[:, None] == codes).astype(np.float32)
    return same


FAMILY = Family(
    name="person",
    version=1,
    features=(
        Feature(name="person_similarity", direction=1),
        Feature(name="person_similarity_z", direction=1, finish=Finish.STANDARDISED),
        Feature(
            name="person_similarity_gap",
            direction=1,
            finish=Finish.GAP_TO_BEST,
            of="person_similarity",
        ),
        Feature(name="person_brand_share", direction=1),
        Feature(name="person_category_share", direction=1),
        Feature(name="person_bought"),
        Feature(name="person_evidence"),
    ),
    give=person,
)
