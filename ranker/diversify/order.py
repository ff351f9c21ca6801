"""The order of a list: by score, with variety and with caps among its first places.

Greedy: the best score first; then, of the candidates that the caps let in, the one with the largest
``(1 - strength) * relevance + strength * variety`` given those before it. Relevance is the score
scaled to 0..1 over the candidates, so that ``strength`` means the same whatever the ranker's scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from ranker.columns import Float32Array, Int8Array, Int32Array
from ranker.diversify.limits import Cap, Room, place_in_group
from ranker.diversify.variety import Likeness, Variety, Volume
from ranker.errors import RankingError
from ranker.features.relative import min_max

_MOST_VARIETY = 1.02
"""More than any measure gives or takes: cosines of rounded vectors pass 1 by a little."""


class Method(StrEnum):
    """How variety is measured."""

    MMR = "mmr"
    """Maximal marginal relevance: likeness to the most similar one chosen."""
    DPP = "dpp"
    """Determinantal point process: what is new beside all those chosen."""


def diversified(
    scores: Float32Array,
    vectors: Int8Array,
    *,
    method: Method = Method.MMR,
    strength: float,
    limit: int,
    groups: Int32Array | None = None,
    group_limit: int | None = None,
    caps: Sequence[Cap] = (),
) -> Int32Array:
    """Order of the candidates, int32: the first ``limit`` varied and capped, the rest by score.

    Where the caps let none of the rest in, the places left are filled by score whatever the caps
    say: a page is rather full of one brand than empty.

    Args:
        scores: float32 (n,), finite, larger is better.
        vectors: int8 (n, d), unit vectors times 127. All zero is no vector: like nothing else.
        method: How variety is measured.
        strength: 0 is exactly the order of scores, 1 asks for variety alone. The best score always
            comes first; equal choices keep the order in which candidates were given.
        limit: How many places to fill with variety and caps in mind, usually those a page shows.
        groups: int32 (n,), codes of variants of one product; -1 belongs to no group.
        group_limit: How many of a group may appear, those of the best scores; the others are left
            out of the order.
        caps: Most of one kind among the first ``limit`` places; further ones follow after them.

    Returns:
        Positions into ``scores``, each of the n once but for those ``group_limit`` leaves out.

    Raises:
        RankingError: a score is not finite, or an argument is out of its range.
    """
    _check(scores, strength=strength, limit=limit, group_limit=group_limit, caps=caps)
    order = np.argsort(-scores, kind="stable").astype(np.int32)
    if groups is not None and group_limit is not None:
        order = order[place_in_group(groups[order]) < group_limit]
    count = min(limit, len(order))
    if count <= 1 or (strength == 0 and not caps):
        return order
    relevance = min_max(scores[order][None, :])[0]
    reach = len(order) if caps else _reach(relevance, strength=strength, count=count)
    variety: Variety | None = None
    if strength > 0:
        rows = vectors[order[:reach]]
        variety = Volume(rows, limit=count) if method is Method.DPP else Likeness(rows)
    chosen = _chosen(
        relevance[:reach],
        variety,
        Room(caps, order=order),
        strength=np.float32(strength),
        count=count,
    )
    rest = np.ones(len(order), np.bool_)
    rest[chosen] = False
    return order[np.concatenate((chosen, np.flatnonzero(rest)))]


def mmr(
    scores: Float32Array,
    vectors: Int8Array,
    *,
    strength: float,
    limit: int,
    groups: Int32Array | None = None,
    group_limit: int | None = None,
) -> Int32Array:
    """`diversified` by maximal marginal relevance, without caps."""
    return diversified(
        scores, vectors, strength=strength, limit=limit, groups=groups, group_limit=group_limit
    )


def _reach(relevance: Float32Array, *, strength: float, count: int) -> int:
    """How many of the candidates (relevance falling) could be among the first ``count`` at all.

    One of the first ``count`` is always left to choose, worth at least what its relevance gives
    less the most that likeness takes; who has not even that with the most that variety gives can
    wait. Only where no caps keep candidates out.
    """
    if strength >= 1:
        return len(relevance)
    least = float(relevance[count - 1]) - 2 * _MOST_VARIETY * strength / (1 - strength)
    return int(np.count_nonzero(relevance >= least))


def _chosen(
    relevance: Float32Array,
    variety: Variety | None,
    room: Room,
    *,
    strength: np.float32,
    count: int,
) -> npt.NDArray[np.intp]:
    """Places into ``relevance`` (falling), at most ``count``: fewer where caps let no more in."""
    worth = relevance * (1 - strength)
    total = worth if variety is None else np.empty_like(worth)
    chosen = [0]
    for _ in range(count - 1):
        room.give(chosen[-1], worth)
        if variety is not None:
            variety.take(chosen[-1])
            np.multiply(variety.worth(), strength, out=total)
            total += worth
        choice = int(total.argmax())
        if worth[choice] == -np.inf:
            break
        chosen.append(choice)
    return np.array(chosen, dtype=np.intp)


def _check(
    scores: Float32Array,
    *,
    strength: float,
    limit: int,
    group_limit: int | None,
    caps: Sequence[Cap],
) -> None:
    if not np.isfinite(scores).all():
        raise RankingError("Scores must be finite; rank by retrieval order instead.")
    if not 0 <= strength <= 1:
        raise RankingError(f"strength is {strength}; give a number from 0 to 1.")
    if limit < 0:
        raise RankingError(f"limit is {limit}; give 0 or more.")
    if group_limit is not None and group_limit < 1:
        raise RankingError(f"group_limit is {group_limit}; give 1 or more, or None for no limit.")
    for cap in caps:
        if cap.most < 1:
            raise RankingError(f"a cap is {cap.most}; give 1 or more, or leave the cap out.")
        if len(cap.codes) != len(scores):
            raise RankingError(f"a cap has {len(cap.codes)} codes for {len(scores)} scores.")
