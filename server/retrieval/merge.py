"""The lists of several views to one set of candidates, and their order before ranking."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from server.arrays import Float32Array, Int32Array
from server.retrieval.protocol import View, ViewHits

_UNKNOWN = np.float32(np.nan)
_NONE = np.float32(0.0)


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
    found = list(itertools.chain.from_iterable([each.ids for each in hits]))
    ids = list(dict.fromkeys(found))
    rows = np.asarray(rows_of(ids), dtype=np.int32)
    if rows.min(initial=0) < 0:
        ids = list(itertools.compress(ids, (rows >= 0).tolist()))
        rows = rows[rows >= 0]
    count = len(ids)
    place_of = dict(zip(ids, range(count), strict=True))
    # What the table does not know has a place of its own at the end, which is cut off.
    places = np.fromiter(
        map(place_of.get, found, itertools.repeat(count)), dtype=np.intp, count=len(found)
    )
    similarity = dict(zip(View, np.full((len(View), count + 1), _UNKNOWN), strict=True))
    stop = 0
    for each in hits:
        start, stop = stop, stop + len(each.ids)
        similarity[each.view][places[start:stop]] = each.similarities
    return MergedCandidates(
        ids=tuple(ids),
        rows=rows,
        text_similarity=similarity[View.TEXT][:count],
        image_similarity=similarity[View.IMAGE][:count],
        lexical_score=similarity[View.LEXICAL][:count],
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
    score: Float32Array = image_share * image_similarity + (1.0 - image_share) * text_similarity
    unknown = np.isnan(score)
    if unknown.any():
        alone = np.where(np.isnan(text_similarity), image_similarity, text_similarity)
        np.copyto(score, np.where(np.isnan(alone), _NONE, alone), where=unknown)
    best = np.fmax.reduce(lexical_score, initial=_NONE)
    if best > 0.0:
        words = np.where(np.isnan(lexical_score), _NONE, lexical_score)
        score += lexical_weight * words / best
    return np.argsort(-score, kind="stable").astype(np.int32), score
