"""How well captions find pictures, among pictures of groups that were kept out of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Means over the captions of the pictures kept out, each asked as a query.

    A picture is relevant when the caption is one of its own. ``ndcg_at_10`` has binary gains and
    the ideal of the same pictures; ``recall_at_10`` is the share of the relevant pictures, or of
    ten where there are more, among the first ten.
    """

    queries: int
    ndcg_at_10: float
    recall_at_10: float


def score(
    embeddings: Floats, *, captions: Sequence[Sequence[int]], caption_vectors: Floats
) -> Scores:
    """Rank pictures (n, d) for every caption that one of them has.

    ``captions`` lists each picture's rows of ``caption_vectors`` (c, d). Without pictures or
    captions all figures are zero.
    """
    asked = sorted({row for rows in captions for row in rows})
    if not asked:
        return Scores(queries=0, ndcg_at_10=0.0, recall_at_10=0.0)
    relevant = np.zeros((len(asked), len(embeddings)), np.bool_)
    places = {row: place for place, row in enumerate(asked)}
    for picture, rows in enumerate(captions):
        relevant[[places[row] for row in rows], picture] = True
    order = np.argsort(-(caption_vectors[asked] @ embeddings.T), axis=1, kind="stable")[:, :_TOP]
    hits = np.take_along_axis(relevant, order, axis=1)
    discounts = 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    counts = np.minimum(relevant.sum(axis=1), hits.shape[1])
    ideal = np.cumsum(discounts)[counts - 1]
    return Scores(
        queries=len(asked),
        ndcg_at_10=float((hits @ discounts / ideal).mean()),
        recall_at_10=float((hits.sum(axis=1) / counts).mean()),
    )
