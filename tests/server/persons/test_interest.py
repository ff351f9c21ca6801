"""What events are worth, and floods, worked by hand."""

from __future__ import annotations

import pytest

from server.feedback.event import EventKind
from server.persons.interest import (
    FLOOD_PRODUCTS,
    FLOOD_SECONDS,
    interests,
    is_flood,
)
from tests.server.persons.shopper_parts import NOW, event


@pytest.mark.parametrize(
    ("kind", "in_session", "weight", "bought"),
    [
        (EventKind.CLICK, False, 1, False),
        (EventKind.ADD_TO_CART, False, 3, False),
        (EventKind.PURCHASE, False, 8, True),
        (EventKind.CLICK, True, 2, False),
        (EventKind.PURCHASE, True, 16, True),
    ],
)
def test_worth(kind: EventKind, weight: float, *, in_session: bool, bought: bool) -> None:
    found = interests([event("red1", kind, in_session=in_session, at=5.0)])
    assert found.products == ("red1",)
    assert found.weights.tolist() == [weight]
    assert found.times.tolist() == [5.0]
    assert found.bought.tolist() == [bought]


def test_what_was_shown_says_nothing() -> None:
    assert len(interests([event("red1", EventKind.IMPRESSION)])) == 0


def clicks(count: int, *, apart_seconds: float, kind: EventKind = EventKind.CLICK) -> list[object]:
    return [event(f"p{place}", kind, at=NOW - place * apart_seconds) for place in range(count)]


@pytest.mark.parametrize(
    ("events", "flood"),
    [
        (clicks(100, apart_seconds=1), True),
        (clicks(FLOOD_PRODUCTS + 1, apart_seconds=FLOOD_SECONDS / FLOOD_PRODUCTS), True),
        (clicks(FLOOD_PRODUCTS, apart_seconds=1), False),
        (clicks(100, apart_seconds=FLOOD_SECONDS / FLOOD_PRODUCTS + 1), False),
        (clicks(100, apart_seconds=1, kind=EventKind.ADD_TO_CART), True),
        (clicks(100, apart_seconds=1, kind=EventKind.PURCHASE), False),
        ([event("same", at=NOW - place) for place in range(100)], False),
        (clicks(60, apart_seconds=30) + clicks(60, apart_seconds=0), True),
    ],
)
def test_floods(events: list[object], *, flood: bool) -> None:
    assert is_flood(events) is flood  # type: ignore[arg-type]
    assert (len(interests(events)) == 0) is flood  # type: ignore[arg-type]
