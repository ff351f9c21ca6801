"""Which events count for their products: each visit at most once a day for a product and a type.

Somebody who opens one product a hundred times says no more than who opens it once, and a script
that does so shall not lift a product. A visit is the session, else the user; who is neither known
by one nor the other counts with every event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from server.feedback.event import EventKind, ShopperEvent

DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Increment:
    """What is added to the counts of one product."""

    impressions: int = 0
    clicks: int = 0
    carts: int = 0
    purchases: int = 0


def day_of(time_seconds: float) -> int:
    """The day (UTC) of a Unix time, from 0 at 1970-01-01.

    >>> day_of(86_399.9), day_of(86_400)
    (0, 1)
    """
    return int(time_seconds // DAY_SECONDS)


def count_key(catalog: str, event: ShopperEvent) -> int | None:
    """64 bits that are equal for events of which one counts; None where the event surely counts.

    Two that differ collide by chance in one of 2**64 pairs: among ten million, once in 370,000
    catalogs, and then one event is not counted.
    """
    who = event.session or event.user
    if not who:
        return None
    kind = "s" if event.session else "u"
    day = day_of(event.time_seconds)
    # The parts have no control characters, which the transport refuses.
    said = f"{catalog}\0{kind}{who}\0{event.product}\0{int(event.kind)}\0{day}"
    digest = blake2b(said.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def increments(counting: Iterable[ShopperEvent]) -> dict[str, Increment]:
    """What events that count add, by product."""
    numbers = Counter((event.product, event.kind) for event in counting)
    return {
        product: Increment(
            impressions=numbers[product, EventKind.IMPRESSION],
            clicks=numbers[product, EventKind.CLICK],
            carts=numbers[product, EventKind.ADD_TO_CART],
            purchases=numbers[product, EventKind.PURCHASE],
        )
        for product in dict.fromkeys(product for product, _ in numbers)
    }
