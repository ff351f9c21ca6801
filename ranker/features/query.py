"""What kind of query it is: the same for all candidates, so that trees can branch on it."""

from __future__ import annotations

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.features.family import Family, Feature


def query_kind(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """Rows as in ``FAMILY``, each constant over the candidates.

    The language is the share of Chinese among the letters, NaN without text; the length is counted
    in words, which are what both languages are cut into; flags are 0 or 1.
    """
    facts = (
        query.has_text,
        query.has_picture,
        query.has_example,
        query.chinese_share,
        len(query.term_groups),
        query.person is not None,
    )
    column = np.array(facts, dtype=np.float32)[:, None]
    return np.repeat(column, len(candidates), axis=1)


FAMILY = Family(
    name="query",
    version=2,
    features=(
        Feature(name="has_text"),
        Feature(name="has_picture"),
        Feature(name="has_example"),
        Feature(name="chinese_share"),
        Feature(name="words"),
        Feature(name="has_person"),
    ),
    compute=query_kind,
)
