"""Swaps the first place of some searches with a later one, to learn what position alone does.

Joachims, Swaminathan and Schnabel (2017): where a product was shown first or k-th by chance alone,
the ratio of its clicks is the ratio of how often the two places are looked at.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from server.arrays import Int32Array
from server.draws import Purpose, draw

FURTHEST = 9
"""The last place, from 0, that the first is swapped with."""


def swapped(
    order: Int32Array, search_id: str, *, share: float, fixed: AbstractSet[int] = frozenset()
) -> tuple[Int32Array, tuple[int, int] | None]:
    """The order (k,), in a ``share`` of searches with its first place swapped, and which two were.

    The other place is one of 1 to ``FURTHEST`` (from 0), each as likely. Candidates in ``fixed``
    stay where they are: an order that begins with one is left as it is, and no other is drawn.
    """
    if not share or len(order) < 2 or draw(search_id, Purpose.SWAP) >= share:  # noqa: PLR2004 - two
        return order, None
    first, *others = order[: FURTHEST + 1].tolist()
    free = [place for place, candidate in enumerate(others, 1) if candidate not in fixed]
    if first in fixed or not free:
        return order, None
    place = free[int(draw(search_id, Purpose.PLACE) * len(free))]
    moved = order.copy()
    moved[[0, place]] = order[[place, 0]]
    return moved, (0, place)
