"""Likeness of query and product by view, as retrieval measured it, relative to the candidates.

Raw cosines are left out on purpose: their scale belongs to one encoder and one kind of query.
"""

from __future__ import annotations

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.features.family import Family, Feature
from ranker.features.relative import best, min_max, reciprocal_rank, standardised


def similarity(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """Rows as in ``FAMILY``: z in standard deviations of the candidates, gap is z less the best."""
    del query
    views = np.array(
        (candidates.retrieval_score, candidates.text_similarity, candidates.image_similarity)
    )
    scores = standardised(views)
    gaps = scores - best(scores)
    places = reciprocal_rank(views)
    relative = min_max(views[:1])
    return np.concatenate((scores, gaps, places, relative))


FAMILY = Family(
    name="similarity",
    version=1,
    features=(
        Feature(name="retrieval_z", direction=1),
        Feature(name="text_z", direction=1),
        Feature(name="image_z", direction=1),
        Feature(name="retrieval_gap", direction=1),
        Feature(name="text_gap", direction=1),
        Feature(name="image_gap", direction=1),
        Feature(name="retrieval_reciprocal_rank", direction=1),
        Feature(name="text_reciprocal_rank", direction=1),
        Feature(name="image_reciprocal_rank", direction=1),
        Feature(name="retrieval_min_max", direction=1),
    ),
    compute=similarity,
)
