"""One request as families see it: its columns, and what several families make of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.features.relative import log_price, median


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A query and n candidates.

    Attributes:
        query, candidates: As they came.
        vectors: The candidates' vectors as float32 (n, d), still times 127.
        log_prices: Natural logarithms of the prices (n,).
        log_prices_to_median: The same less their median.
    """

    query: QueryFacts
    candidates: CandidateColumns
    vectors: Float32Array
    log_prices: Float32Array
    log_prices_to_median: Float32Array

    @classmethod
    def of(cls, query: QueryFacts, candidates: CandidateColumns) -> Scene:
        """The scene of a request."""
        log_prices = log_price(candidates.price)
        return cls(
            query=query,
            candidates=candidates,
            vectors=candidates.vectors.astype(np.float32),
            log_prices=log_prices,
            log_prices_to_median=log_prices - np.float32(median(log_prices)),
        )
