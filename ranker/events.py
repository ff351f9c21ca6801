"""What shoppers did in a list, and the grades it implies once position bias is taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ranker.columns import Int32Array
from ranker.errors import RankingError


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCounts:
    """Events of one query while its n products stood in one order.

    Attributes:
        searches: How often the list was shown.
        position: Place of each product from 0, -1 where it was not shown, int32 (n,).
        clicks, carts, purchases: int32 (n,).
    """

    searches: int
    position: Int32Array
    clicks: Int32Array
    carts: Int32Array
    purchases: Int32Array


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWeights:
    """What events are worth, and where grades begin.

    Attributes:
        click, cart, purchase: Gain of one event.
        propensity_floor: Examination is never taken to be rarer: bounds the weight of one event, at
            the price of some bias against deep positions.
        grade_from: Least gain an examination of the grades 1 to 4.
    """

    click: float = 1.0
    cart: float = 3.0
    purchase: float = 8.0
    propensity_floor: float = 0.005
    grade_from: tuple[float, float, float, float] = (0.1, 0.35, 2.1, 6.0)


DEFAULT_WEIGHTS = EventWeights()
"""What the default ranker is trained with."""


def examination(position: Int32Array, *, exponent: float) -> npt.NDArray[np.float64]:
    """Probability that a position (from 0) is looked at: ``1 / (1 + position)^exponent``.

    0 for position -1: what is not shown is not seen. The position-based model of Joachims et al.
    (2017).

    >>> examination(np.array([0, 1, 3, -1], dtype=np.int32), exponent=1.0)
    array([1.  , 0.5 , 0.25, 0.  ])
    """
    seen = position >= 0
    return np.where(seen, (1.0 + np.maximum(position, 0)) ** -exponent, 0.0)


def labels_from_events(
    events: Sequence[EventCounts], *, exponent: float, weights: EventWeights | None = None
) -> Int32Array:
    """Grades 0 to 4, int32 (n,), from what shoppers did in one or more orders of a query.

    Inverse propensity weighting: each event counts its gain over the (floored) probability that its
    position was looked at, and the sum is divided by the searches that showed the product. That
    estimates the gain of one examination, whatever the position. What was never shown gets 0.

    Raises:
        RankingError: there are no events, or they are of different products.
    """
    if not events:
        raise RankingError("Labels need the events of at least one order.")
    if len({len(counts.position) for counts in events}) > 1:
        raise RankingError("The events are of different numbers of products.")
    weights = weights or DEFAULT_WEIGHTS
    gains = np.zeros(len(events[0].position))
    searches = np.zeros(len(events[0].position))
    for counts in events:
        propensity = examination(counts.position, exponent=exponent)
        gained = (
            weights.click * counts.clicks
            + weights.cart * counts.carts
            + weights.purchase * counts.purchases
        )
        gains += gained / np.maximum(propensity, weights.propensity_floor)
        searches += np.where(counts.position >= 0, counts.searches, 0)
    per_examination = gains / np.maximum(searches, 1)
    grades: Int32Array = np.searchsorted(
        np.array(weights.grade_from), per_examination, side="right"
    ).astype(np.int32)
    return grades
