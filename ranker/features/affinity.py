"""How far the product's own values stand out for the query, field by field.

The columns hold cosines of the query with the values "red", "nike" or "women bottoms pants",
standardised over all values of the field in the catalogue: a query that names a colour makes one
colour stand out and leaves the fields it does not speak of in the noise.
"""

from __future__ import annotations

import numpy as np

from ranker.columns import AffinityField, Float32Array
from ranker.features.family import Family, Feature
from ranker.features.finish import Finish
from ranker.features.scene import Scene

_FIELDS = tuple(AffinityField)


def affinity(scene: Scene, rows: Float32Array) -> None:
    """Rows as in ``FAMILY``."""
    for row, field in zip(rows, _FIELDS, strict=False):
        row[:] = scene.candidates.affinities.get(field, np.nan)


FAMILY = Family(
    name="affinity",
    version=1,
    features=(
        *(Feature(name=f"{field.value}_affinity", direction=1) for field in _FIELDS),
        *(
            Feature(
                name=f"{field.value}_affinity_gap",
                direction=1,
                finish=Finish.GAP_TO_BEST,
                of=f"{field.value}_affinity",
            )
            for field in _FIELDS
        ),
        *(
            Feature(
                name=f"{field.value}_affinity_reciprocal_rank",
                direction=1,
                finish=Finish.DENSE_RECIPROCAL_RANK,
                of=f"{field.value}_affinity",
            )
            for field in _FIELDS
        ),
    ),
    give=affinity,
)
