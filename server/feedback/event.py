"""What a shopper did, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class EventKind(IntEnum):
    """What was done; the numbers are those of `omnishelf.v1.EventType`, and stored."""

    IMPRESSION = 1
    CLICK = 2
    ADD_TO_CART = 3
    PURCHASE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopperEvent:
    """One thing that one shopper did with one product; None stands for: not said.

    Attributes:
        event_id: Unique in the catalog.
        kind: What was done.
        product: The product's id.
        time_seconds: Unix time when it was done.
        search_id: The search that showed the product.
        position: Its place there, from 1.
        user, session: Who, and in which visit.
        quantity: Units bought.
        revenue_micros: What was paid for all units, in millionths of the currency.
        currency: ISO 4217.
    """

    event_id: str
    kind: EventKind
    product: str
    time_seconds: float
    search_id: str | None = None
    position: int | None = None
    user: str | None = None
    session: str | None = None
    quantity: int | None = None
    revenue_micros: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentEvent:
    """A click, cart or purchase of somebody; ``in_session`` where it was in the visit asked for."""

    product: str
    kind: EventKind
    time_seconds: float
    quantity: int
    in_session: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of the events of one call.

    ``recorded`` are durable now and were not before, ``duplicates`` were; of those recorded
    ``unknown_products`` and ``unknown_searches`` name what is not in the store.
    """

    recorded: int = 0
    duplicates: int = 0
    unknown_products: int = 0
    unknown_searches: int = 0
