"""What kind of query it is: the same for all candidates, so that trees can branch on it."""

from __future__ import annotations

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.features.family import Family, Feature


def query_kind(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """Rows as in ``FAMILY``, each constant over the candidates."""
    facts = (
        query.has_text,
        query.has_picture,
        query.has_example,
        query.chinese_share,
        len(query.term_groups),
    )
    column = np.array(facts, dtype=np.float32)[:, None]
    return np.repeat(column, len(candidates), axis=1)


FAMILY = Family(
    name="query",
    version=1,
    features=(
        Feature(name="has_text"),
        Feature(name="has_picture"),
        Feature(name="has_example"),
        Feature(name="chinese_share"),
        Feature(name="words"),
    ),
    compute=query_kind,
)
