"""How far the product's own values stand out for the query, field by field.

The columns hold cosines of the query with the values "red", "nike" or "women bottoms pants",
standardised over all values of the field in the catalogue: a query that names a colour makes one
colour stand out and leaves the fields it does not speak of in the noise.
"""

from __future__ import annotations

import numpy as np

from ranker.columns import AffinityField, CandidateColumns, Float32Array, QueryFacts
from ranker.features.family import Family, Feature
from ranker.features.relative import best, reciprocal_rank

_FIELDS = tuple(AffinityField)


def affinity(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """Rows as in ``FAMILY``."""
    del query
    unknown = np.full(len(candidates), np.nan, dtype=np.float32)
    values = np.array([candidates.affinities.get(field, unknown) for field in _FIELDS])
    gaps = values - best(values)
    places = reciprocal_rank(values, dense=True)
    return np.concatenate((values, gaps, places))


FAMILY = Family(
    name="affinity",
    version=1,
    features=(
        *(Feature(name=f"{field.value}_affinity", direction=1) for field in _FIELDS),
        *(Feature(name=f"{field.value}_affinity_gap", direction=1) for field in _FIELDS),
        *(
            Feature(name=f"{field.value}_affinity_reciprocal_rank", direction=1)
            for field in _FIELDS
        ),
    ),
    compute=affinity,
)
