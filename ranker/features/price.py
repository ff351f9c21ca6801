"""What the product costs, beside the other candidates and beside what the query says."""

from __future__ import annotations

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.features.family import Family, Feature
from ranker.features.relative import median, share_below


def price(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """Rows as in ``FAMILY``; logarithms are natural, a price of 0 counts as 0.01.

    ``price_to_median`` is the logarithm of the price over the candidates' median, so that it means
    the same in any currency. ``price_from_hint`` is the absolute logarithm of the price over the
    price named in the query, NaN when none is. ``discount`` is the share taken off the list price,
    0 without one.
    """
    known = candidates.price
    logs = np.log(np.maximum(known, np.float32(0.01)))
    hint = np.float32(np.log(query.price_hint) if query.price_hint > 0 else np.nan)
    paid = known / np.maximum(candidates.list_price, np.float32(0.01))
    discount = np.where(np.isnan(paid), known * 0, np.maximum(1 - paid, 0))
    rows = (
        logs - np.float32(median(logs)),
        share_below(known[None, :])[0],
        np.abs(logs - hint),
        discount,
    )
    return np.array(rows, dtype=np.float32)


FAMILY = Family(
    name="price",
    version=1,
    features=(
        Feature(name="price_to_median"),
        Feature(name="price_percentile"),
        Feature(name="price_from_hint", direction=-1),
        Feature(name="discount"),
    ),
    compute=price,
)
