"""An order that is relevant and varied: maximal marginal relevance over the candidates' vectors.

Carbonell and Goldstein (1998): of the candidates left, take the one with the largest
``(1 - strength) * relevance - strength * similarity``, where similarity is the cosine with the most
similar candidate taken before. Relevance is the score scaled to 0..1 over the candidates, so that
``strength`` means the same whatever the ranker's scale.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ranker.columns import VECTOR_SCALE, Float32Array, Int8Array, Int32Array
from ranker.errors import RankingError
from ranker.features.relative import min_max


def mmr(
    scores: Float32Array,
    vectors: Int8Array,
    *,
    strength: float,
    limit: int,
    groups: Int32Array | None = None,
    group_limit: int | None = None,
) -> Int32Array:
    """Order of the candidates, int32: the first ``limit`` varied, the rest by score.

    Args:
        scores: float32 (n,), finite, larger is better.
        vectors: int8 (n, d), unit vectors times 127. All zero is no vector: like nothing else.
        strength: 0 is exactly the order of scores, 1 asks for variety alone. The best score always
            comes first; equal choices keep the order in which candidates were given.
        limit: How many places to fill with variety in mind, usually those a page shows.
        groups: int32 (n,), codes of variants of one product; -1 belongs to no group.
        group_limit: How many of a group may appear, those of the best scores; the others are left
            out of the order.

    Returns:
        Positions into ``scores``, each of the n once but for those ``group_limit`` leaves out.

    Raises:
        RankingError: a score is not finite, or an argument is out of its range.
    """
    _check(scores, strength=strength, limit=limit, group_limit=group_limit)
    order = np.argsort(-scores, kind="stable").astype(np.int32)
    if groups is not None and group_limit is not None:
        order = order[_place_in_group(groups[order]) < group_limit]
    if strength > 0 and limit > 1 and len(order) > 1:
        relevance = min_max(scores[order][None, :])[0]
        order = order[_vary(relevance, vectors[order], strength=np.float32(strength), limit=limit)]
    return order


def _vary(
    relevance: Float32Array, vectors: Int8Array, *, strength: np.float32, limit: int
) -> npt.NDArray[np.intp]:
    """Greedy choice of the first ``limit`` places, then what is left in the order given."""
    rows = vectors.astype(np.float32) * VECTOR_SCALE
    worth = relevance * (1 - strength)
    chosen = np.zeros(min(limit, len(relevance)), dtype=np.intp)
    nearest = rows @ rows[0]
    worth[0] = -np.inf
    for place in range(1, len(chosen)):
        choice = int((worth - strength * nearest).argmax())
        chosen[place] = choice
        worth[choice] = -np.inf
        np.maximum(nearest, rows @ rows[choice], out=nearest)
    rest = np.ones(len(relevance), dtype=np.bool_)
    rest[chosen] = False
    return np.concatenate((chosen, np.flatnonzero(rest)))


def _place_in_group(groups: Int32Array) -> npt.NDArray[np.intp]:
    """How many of the same group come before each; 0 without a group.

    >>> _place_in_group(np.array([4, 7, 4, -1, -1, 4], dtype=np.int32))
    array([0, 0, 1, 0, 0, 2])
    """
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.concatenate(([0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1))
    lengths = np.diff(starts, append=len(groups))
    places = np.empty(len(groups), dtype=np.intp)
    places[order] = np.arange(len(groups)) - np.repeat(starts, lengths)
    places[groups < 0] = 0
    return places


def _check(scores: Float32Array, *, strength: float, limit: int, group_limit: int | None) -> None:
    if not np.isfinite(scores).all():
        raise RankingError("Scores must be finite; rank by retrieval order instead.")
    if not 0 <= strength <= 1:
        raise RankingError(f"strength is {strength}; give a number from 0 to 1.")
    if limit < 0:
        raise RankingError(f"limit is {limit}; give 0 or more.")
    if group_limit is not None and group_limit < 1:
        raise RankingError(f"group_limit is {group_limit}; give 1 or more, or None for no limit.")
