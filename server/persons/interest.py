"""What events say of a shopper's interests, and which histories are no shopper's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from server.arrays import BoolArray
from server.feedback.event import EventKind, RecentEvent

KIND_WEIGHTS: Final = {
    EventKind.CLICK: 1.0,
    EventKind.ADD_TO_CART: 3.0,
    EventKind.PURCHASE: 8.0,
}
"""What an event is worth: about the square root of how many clicks come to one of its kind, where
one click in ten leads to a cart and one in sixty to a purchase. Impressions say what a shop showed,
not what a shopper wanted, and are worth nothing."""

SESSION_WEIGHT: Final = 2.0
"""What was done in this very visit counts double: it says what the visit is for."""

FLOOD_PRODUCTS: Final = 50
FLOOD_SECONDS: Final = 600.0
"""Clicks and carts of more than 50 products within ten minutes, one every twelve seconds without a
pause, are a crawler's or a prankster's. Purchases do not count: one order may hold many things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interests:
    """n events that say what a shopper wants, newest first.

    Attributes:
        products: Their ids.
        weights: What each is worth when new, float64 (n,).
        times: Unix times, float64 (n,).
        bought: Which are purchases, bool (n,).
    """

    products: tuple[str, ...]
    weights: npt.NDArray[np.float64]
    times: npt.NDArray[np.float64]
    bought: BoolArray

    def __len__(self) -> int:
        return len(self.products)


def interests(events: Sequence[RecentEvent]) -> Interests:
    """Events that say something, in the order given; none at all where they come as a flood."""
    telling = [] if is_flood(events) else [each for each in events if each.kind in KIND_WEIGHTS]
    return Interests(
        products=tuple(event.product for event in telling),
        weights=np.array(
            [
                KIND_WEIGHTS[event.kind] * (SESSION_WEIGHT if event.in_session else 1.0)
                for event in telling
            ],
            dtype=np.float64,
        ),
        times=np.array([event.time_seconds for event in telling], dtype=np.float64),
        bought=np.array([event.kind is EventKind.PURCHASE for event in telling], dtype=np.bool_),
    )


def is_flood(events: Sequence[RecentEvent]) -> bool:
    """Whether more than FLOOD_PRODUCTS were clicked or carted within FLOOD_SECONDS."""
    if len(events) <= FLOOD_PRODUCTS:
        return False
    deeds = sorted(
        (event.time_seconds, event.product)
        for event in events
        if event.kind in (EventKind.CLICK, EventKind.ADD_TO_CART)
    )
    inside: Counter[str] = Counter()
    first = 0
    for time_seconds, product in deeds:
        inside[product] += 1
        while deeds[first][0] < time_seconds - FLOOD_SECONDS:
            left = deeds[first][1]
            inside[left] -= 1
            if not inside[left]:
                del inside[left]
            first += 1
        if len(inside) > FLOOD_PRODUCTS:
            return True
    return False
