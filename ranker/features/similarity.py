"""Likeness of query and product by view, as retrieval measured it, relative to the candidates.

Raw cosines are left out on purpose: their scale belongs to one encoder and one kind of query.
"""

from __future__ import annotations

from ranker.columns import Float32Array
from ranker.features.family import Family, Feature
from ranker.features.finish import Finish
from ranker.features.scene import Scene


def similarity(scene: Scene, rows: Float32Array) -> None:
    """Rows as in ``FAMILY``: z in standard deviations of the candidates, gap is z less the best."""
    columns = scene.candidates
    rows[0] = columns.retrieval_score
    rows[1] = columns.text_similarity
    rows[2] = columns.image_similarity
    rows[9] = columns.retrieval_score


FAMILY = Family(
    name="similarity",
    version=1,
    features=(
        Feature(name="retrieval_z", direction=1, finish=Finish.STANDARDISED),
        Feature(name="text_z", direction=1, finish=Finish.STANDARDISED),
        Feature(name="image_z", direction=1, finish=Finish.STANDARDISED),
        Feature(name="retrieval_gap", direction=1, finish=Finish.GAP_TO_BEST, of="retrieval_z"),
        Feature(name="text_gap", direction=1, finish=Finish.GAP_TO_BEST, of="text_z"),
        Feature(name="image_gap", direction=1, finish=Finish.GAP_TO_BEST, of="image_z"),
        Feature(
            name="retrieval_reciprocal_rank",
            direction=1,
            finish=Finish.RECIPROCAL_RANK,
            of="retrieval_z",
        ),
        Feature(
            name="text_reciprocal_rank", direction=1, finish=Finish.RECIPROCAL_RANK, of="text_z"
        ),
        Feature(
            name="image_reciprocal_rank", direction=1, finish=Finish.RECIPROCAL_RANK, of="image_z"
        ),
        Feature(name="retrieval_min_max", direction=1, finish=Finish.MIN_MAX),
    ),
    give=similarity,
)
