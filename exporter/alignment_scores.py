"""How well captions find pictures, among pictures of groups that were kept out of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_TOP = 10
_CELLS_AT_ONCE = 1 << 25  # bounds the memory of a large catalogue's rankings


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Means over the captions of the pictures kept out, each asked as a query.

    A picture is relevant when the caption is one of its own. ``ndcg_at_10`` has binary gains and
    the ideal of the same pictures; ``recall_at_k`` is the share of the relevant pictures, or of k
    where there are more, among the first k.
    """

    queries: int
    ndcg_at_10: float
    recall_at_1: float
    recall_at_10: float


def score(
    embeddings: Floats, *, captions: Sequence[Sequence[int]], caption_vectors: Floats
) -> Scores:
    """Rank pictures (n, d) for every caption that one of them has.

    ``captions`` lists each picture's rows of ``caption_vectors`` (c, d). Without pictures or
    captions all figures are zero.
    """
    pictures: dict[int, list[int]] = {}
    for picture, rows in enumerate(captions):
        for row in rows:
            pictures.setdefault(row, []).append(picture)
    asked = sorted(pictures)
    if not asked:
        return Scores(queries=0, ndcg_at_10=0.0, recall_at_1=0.0, recall_at_10=0.0)
    queries = max(1, _CELLS_AT_ONCE // len(embeddings))
    figures = []
    for start in range(0, len(asked), queries):
        rows = asked[start : start + queries]
        likeness = caption_vectors[rows] @ embeddings.T
        figures.append(_figures(likeness, relevant=[pictures[row] for row in rows]))
    ndcg, first, ten = (
        float(np.concatenate(column).mean()) for column in zip(*figures, strict=True)
    )
    return Scores(queries=len(asked), ndcg_at_10=ndcg, recall_at_1=first, recall_at_10=ten)


def _figures(
    likeness: Floats, *, relevant: Sequence[Sequence[int]]
) -> tuple[NDArray[np.float64], ...]:
    """NDCG@10, recall@1 and recall@10, (q,) each, of rankings by likeness (q, n)."""
    right = np.zeros(likeness.shape, np.bool_)
    for query, pictures in enumerate(relevant):
        right[query, pictures] = True
    order = np.argsort(-likeness, axis=1, kind="stable")[:, :_TOP]
    hits = np.take_along_axis(right, order, axis=1)
    discounts = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    counts = np.minimum(right.sum(axis=1), hits.shape[1])
    ideal = np.cumsum(discounts)[counts - 1]
    return hits @ discounts / ideal, hits[:, 0].astype(np.float64), hits.sum(axis=1) / counts
