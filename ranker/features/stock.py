"""Whether the product can be had."""

from __future__ import annotations

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.features.family import Family, Feature


def stock(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """Rows as in ``FAMILY``: flags are 0 or 1, and what hangs on an unknown stock is NaN."""
    del query
    units = np.maximum(candidates.stock, 0)
    unknown = np.isnan(units)
    in_stock = (units > 0).astype(np.float32)
    in_stock[unknown] = np.nan
    return np.array((~unknown, in_stock, np.log1p(units)), dtype=np.float32)


FAMILY = Family(
    name="stock",
    version=1,
    features=(
        Feature(name="stock_known"),
        Feature(name="in_stock", direction=1),
        Feature(name="stock_units_log"),
    ),
    compute=stock,
)
