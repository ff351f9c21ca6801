"""The plain twins of the model: retrieval order, and a weighted sum anyone can check by hand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.explain import by_family
from ranker.features.relative import min_max, share_below

_LOWEST = float(np.finfo(np.float32).min)


class RetrievalOrder:
    """A `Ranker` that keeps the order retrieval gave: the baseline, and the fallback in service."""

    feature_names = ("retrieval_score",)
    feature_families = ("similarity",)

    @property
    def id(self) -> str:
        """Always ``retrieval``."""
        return "retrieval"

    def features(self, query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
        """Float32 (n, 1): the retrieval score."""
        del query
        return candidates.retrieval_score.astype(np.float32)[:, None]

    def score(self, matrix: Float32Array) -> Float32Array:
        """The retrieval score itself; an unknown one comes last."""
        scores: Float32Array = np.nan_to_num(matrix[:, 0], nan=_LOWEST)
        return scores

    def contributions(self, matrix: Float32Array) -> dict[str, Float32Array]:
        """All of the score comes from similarity."""
        return by_family(self.shap(matrix), self.feature_families)

    def shap(self, matrix: Float32Array) -> Float32Array:
        """Float32 (n, 2): the score, and no bias."""
        scores = self.score(matrix)
        return np.stack((scores, np.zeros_like(scores)), axis=1)


RULE_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"similarity": 1.0, "popularity": 0.1, "price": 0.05, "stock": 0.2}
)
"""Weights of `Rules`: likeness decides, the rest orders what is about equally like."""


class Rules:
    """A `Ranker` without training: a weighted sum of four columns, each between 0 and 1.

    score = w_similarity * likeness + w_popularity * sales + w_price * cheapness + w_stock * stock

    - likeness: retrieval score scaled from the worst (0) to the best candidate (1);
    - sales: share of candidates that sold less in 30 days;
    - cheapness: share of candidates that cost more;
    - stock: 1 in stock, 0 sold out.

    What is unknown counts 0.5.
    """

    feature_names = ("likeness", "sales", "cheapness", "in_stock")
    feature_families = tuple(RULE_WEIGHTS)

    def __init__(self, weights: Mapping[str, float] = RULE_WEIGHTS) -> None:
        self._weights = np.array([weights[each] for each in self.feature_families], np.float32)

    @property
    def id(self) -> str:
        """Always ``rules``."""
        return "rules"

    def features(self, query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
        """Float32 (n, 4): likeness, sales, cheapness and stock."""
        del query
        likeness = min_max(candidates.retrieval_score[None, :])
        orders = share_below(np.array((candidates.units_30_days, -candidates.price)))
        stock = (candidates.stock > 0).astype(np.float32)
        stock[np.isnan(candidates.stock)] = np.nan
        return np.ascontiguousarray(np.concatenate((likeness, orders, stock[None, :])).T)

    def score(self, matrix: Float32Array) -> Float32Array:
        """The weighted sum."""
        scores: Float32Array = np.nan_to_num(matrix, nan=0.5) @ self._weights
        return scores

    def contributions(self, matrix: Float32Array) -> dict[str, Float32Array]:
        """Each column times its weight; no bias."""
        return by_family(self.shap(matrix), self.feature_families)

    def shap(self, matrix: Float32Array) -> Float32Array:
        """Float32 (n, 5): each column times its weight, and no bias."""
        parts = np.nan_to_num(matrix, nan=0.5) * self._weights
        bias = np.zeros((len(matrix), 1), dtype=np.float32)
        return np.concatenate((parts, bias), axis=1)
