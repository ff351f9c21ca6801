"""How the product fits what the shopper looked at, carted and bought lately."""

from __future__ import annotations

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, Int32Array, QueryFacts
from ranker.features.cosine import cosines
from ranker.features.family import Family, Feature
from ranker.features.relative import gap_to_best, standardised


def person(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """Rows as in ``FAMILY``, all NaN where nothing is known of who asks.

    ``person_similarity`` is the cosine of the product's vector with the shopper's, ``…_z`` in
    deviations of the candidates, ``…_gap`` less the best; NaN where either has no vector. A share
    is that of the shopper's recent interest that the product's brand (deepest category) has: 0 for
    one they left alone, NaN for a product without one. ``person_bought`` says whether they bought
    a variant of the product. ``person_evidence`` is the logarithm of 1 + the weight of their
    events, the same for all candidates: how far the rest can be trusted.
    """
    who, rows = query.person, np.empty((len(FAMILY.features), len(candidates)), dtype=np.float32)
    if who is None:
        rows.fill(np.nan)
        return rows
    rows[0] = cosines(candidates.vectors.astype(np.float32), who.vector)
    rows[1] = standardised(rows[:1])
    rows[2] = gap_to_best(rows[:1])
    rows[3] = _shares(candidates.brand, of=who.brands, shares=who.brand_shares)
    rows[4] = _shares(candidates.category, of=who.categories, shares=who.category_shares)
    whole = np.ones(len(who.bought_groups), dtype=np.float32)
    rows[5] = _shares(candidates.group, of=who.bought_groups, shares=whole)
    rows[6] = np.log1p(max(who.events, 0.0))
    return rows


def _shares(codes: Int32Array, *, of: Int32Array, shares: Float32Array) -> Float32Array:
    """The share that stands beside each code (n,), 0 for a code that is not in ``of``."""
    if len(of):
        order = of.argsort()
        ordered = of[order]
        places = ordered.searchsorted(codes)
        places[places == len(of)] = 0
        found = np.where(ordered[places] == codes, shares[order[places]], np.float32(0))
    else:
        found = np.zeros(len(codes), dtype=np.float32)
    found[codes < 0] = np.nan
    return found


FAMILY = Family(
    name="person",
    version=1,
    features=(
        Feature(name="person_similarity", direction=1),
        Feature(name="person_similarity_z", direction=1),
        Feature(name="person_similarity_gap", direction=1),
        Feature(name="person_brand_share", direction=1),
        Feature(name="person_category_share", direction=1),
        Feature(name="person_bought"),
        Feature(name="person_evidence"),
    ),
    compute=person,
)
