"""The lists of several views to one set of candidates, and their order before ranking."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from server.arrays import Float32Array, Int32Array
from server.retrieval.protocol import View, ViewHits


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedCandidates:
    """n products that at least one view found, each once, in order of first appearance.

    Attributes:
        ids: Product ids.
        rows: int32 (n,), each product's row in the product table.
        text_similarity, image_similarity, lexical_score: float32 (n,), NaN where that view did not
            find the product.
    """

    ids: tuple[str, ...]
    rows: Int32Array
    text_similarity: Float32Array
    image_similarity: Float32Array
    lexical_score: Float32Array

    def __len__(self) -> int:
        return len(self.ids)


def merge(
    hits: Sequence[ViewHits], *, rows_of: Callable[[Sequence[str]], Int32Array]
) -> MergedCandidates:
    """The candidates of all views.

    Args:
        hits: What the views found, each view at most once.
        rows_of: Rows int32 of so many ids in the product table, below 0 where it does not know
            one; such ids are dropped (they were deleted while the search ran).
    """
    ids = list(dict.fromkeys(itertools.chain.from_iterable(each.ids for each in hits)))
    rows = np.asarray(rows_of(ids), dtype=np.int32)
    if (rows < 0).any():
        ids = list(itertools.compress(ids, (rows >= 0).tolist()))
        rows = rows[rows >= 0]
    place_of = dict(zip(ids, range(len(ids)), strict=True))

    similarity = {view: np.full(len(ids), np.nan, dtype=np.float32) for view in View}
    for each in hits:
        places = np.array([place_of.get(found, -1) for found in each.ids], dtype=np.int32)
        known = places >= 0
        similarity[each.view][places[known]] = each.similarities[known]

    return MergedCandidates(
        ids=tuple(ids),
        rows=rows,
        text_similarity=similarity[View.TEXT],
        image_similarity=similarity[View.IMAGE],
        lexical_score=similarity[View.LEXICAL],
    )


def retrieval_order(
    text_similarity: Float32Array,
    image_similarity: Float32Array,
    lexical_score: Float32Array,
    *,
    image_share: float,
    lexical_weight: float,
) -> tuple[Int32Array, Float32Array]:
    """The order without a model: ``a I + (1 - a) T + w L / max L``.

    ``a`` is ``image_share`` (0 to 1), ``w`` is ``lexical_weight`` (0 or more). A product without
    one of the vectors (NaN) is scored by the other alone, one without both counts 0 there; a
    lexical score of NaN counts 0.

    Returns:
        int32 (n,), the candidates' places best first, equals in the order given; and float32 (n,),
        the scores in the order given (``score[order]`` falls).
    """
    fused = image_share * image_similarity + (1.0 - image_share) * text_similarity
    alone = np.where(np.isnan(text_similarity), image_similarity, text_similarity)
    score = np.nan_to_num(np.where(np.isnan(fused), alone, fused), nan=0.0)
    words = np.nan_to_num(lexical_score, nan=0.0)
    best = float(words.max(initial=0.0))
    if best > 0.0:
        score = score + lexical_weight * words / best
    score = score.astype(np.float32)
    return np.argsort(-score, kind="stable").astype(np.int32), score
