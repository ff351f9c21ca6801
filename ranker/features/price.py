"""What the product costs, beside the other candidates, the query's price and the shopper's."""

from __future__ import annotations

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.features.family import Family, Feature
from ranker.features.relative import log_price, median, share_below, standardised


def price(query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
    """Rows as in ``FAMILY``; logarithms are natural, a price of 0 counts as 0.01.

    ``price_level`` is the logarithm of the price, standardised among the candidates, and
    ``price_to_median`` that of the price over their median, so that both mean the same in any
    currency. ``price_from_hint`` is the absolute logarithm of the price over the price named in the
    query, NaN when none is. ``price_over_person`` is the logarithm of the price over what the
    shopper usually looks at, in deviations of theirs, and ``price_from_person`` its absolute value;
    NaN when nothing is known of them. ``discount`` is the share taken off the list price, 0 without
    one.
    """
    known, person = candidates.price, query.person
    logs = log_price(known)
    hint = np.float32(np.log(query.price_hint) if query.price_hint > 0 else np.nan)
    usual, spread = (person.log_price, person.log_price_spread) if person else (np.nan, np.nan)
    over_person = (logs - np.float32(usual)) / np.float32(spread)
    paid = known / np.maximum(candidates.list_price, np.float32(0.01))
    discount = np.where(np.isnan(paid), known * 0, np.maximum(1 - paid, 0))
    rows = (
        standardised(logs[None, :])[0],
        logs - np.float32(median(logs)),
        share_below(known[None, :])[0],
        np.abs(logs - hint),
        over_person,
        np.abs(over_person),
        discount,
    )
    return np.array(rows, dtype=np.float32)


FAMILY = Family(
    name="price",
    version=2,
    features=(
        Feature(name="price_level"),
        Feature(name="price_to_median"),
        Feature(name="price_percentile"),
        Feature(name="price_from_hint", direction=-1),
        Feature(name="price_over_person"),
        Feature(name="price_from_person", direction=-1),
        Feature(name="discount"),
    ),
    compute=price,
)
