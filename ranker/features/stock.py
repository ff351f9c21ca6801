"""Whether the product can be had."""

from __future__ import annotations

import numpy as np

from ranker.columns import Float32Array
from ranker.features.family import Family, Feature
from ranker.features.scene import Scene


def stock(scene: Scene, rows: Float32Array) -> None:
    """Rows as in ``FAMILY``: flags are 0 or 1, and what hangs on an unknown stock is NaN."""
    units = np.maximum(scene.candidates.stock, 0)
    rows[0] = ~np.isnan(units)
    np.sign(units, out=rows[1])
    np.log1p(units, out=rows[2])


FAMILY = Family(
    name="stock",
    version=1,
    features=(
        Feature(name="stock_known"),
        Feature(name="in_stock", direction=1),
        Feature(name="stock_units_log"),
    ),
    give=stock,
)
