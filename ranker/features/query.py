"""What kind of query it is: the same for all candidates, so that trees can branch on it."""

from __future__ import annotations

import numpy as np

from ranker.columns import Float32Array
from ranker.features.family import Family, Feature
from ranker.features.scene import Scene


def query_kind(scene: Scene, rows: Float32Array) -> None:
    """Rows as in ``FAMILY``, each constant over the candidates.

    The language is the share of Chinese among the letters, NaN without text; the length is counted
    in words, which are what both languages are cut into; flags are 0 or 1.
    """
    query = scene.query
    facts = (
        query.has_text,
        query.has_picture,
        query.has_example,
        query.chinese_share,
        len(query.term_groups),
        query.person is not None,
    )
    rows[:] = np.array(facts, dtype=np.float32)[:, None]


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
    give=query_kind,
)
