"""Profiles from a store of events: kept for a second, forgotten at once, never in the way."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from ranker.columns import PersonFacts
from server.feedback.event import EventKind
from server.persons.profiles import Profiles
from tests.server.persons.shopper_parts import DAY, NOW, Recorded, SmallCatalog, event


class Shop:
    """Profiles of one shop, at a time that the test sets."""

    def __init__(self) -> None:
        self.now = 50.0
        self.store = Recorded([event("red1", EventKind.PURCHASE), event("cheap", in_session=True)])
        self.profiles = Profiles(self.store, clock=lambda: self.now)

    def facts(self, *, user: str = "ann", session: str = "s1") -> PersonFacts | None:
        return self.profiles.facts(
            SmallCatalog(), "shop", user=user, session=session, now_seconds=NOW
        )


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_user_and_session_are_asked_for_together(shop: Shop) -> None:
    facts = shop.facts()
    assert facts is not None
    # A purchase weighs 8, a click of this visit twice 1.
    assert facts.events == 10
    assert shop.store.asked == [
        {
            "catalog": "shop",
            "user": "ann",
            "session": "s1",
            "limit": 100,
            "since_seconds": NOW - 30 * DAY,
        }
    ]


def test_one_visit_is_read_once_a_second(shop: Shop) -> None:
    for now in (50.0, 50.5, 50.99, 51.1):
        shop.now = now
        assert shop.facts() is not None
    assert len(shop.store.asked) == 2


def test_nobody_is_not_looked_up(shop: Shop) -> None:
    assert shop.facts(user="", session="") is None
    assert shop.store.asked == []


def test_somebody_new_is_nobody(shop: Shop) -> None:
    shop.store.events = ()
    assert shop.facts() is None


def test_a_flood_gives_no_profile(shop: Shop) -> None:
    shop.store.events = [event("red1", at=NOW - 1)] * 3 + [
        event(f"p{place}", at=NOW - place) for place in range(300)
    ]
    assert shop.facts() is None


@pytest.mark.parametrize(
    ("asked", "heard", "reads"),
    [
        (("ann", "s1"), ("ann", "s1"), 2),
        (("ann", ""), ("ann", "s1"), 2),
        (("", "s1"), ("ann", "s1"), 2),
        (("ann", "s1"), ("bob", "s2"), 1),
    ],
)
def test_what_this_replica_records_is_known_at_once(
    shop: Shop, asked: tuple[str, str], heard: tuple[str, str], reads: int
) -> None:
    shop.facts(user=asked[0], session=asked[1])
    shop.profiles.heard("shop", user=heard[0], session=heard[1])
    shop.facts(user=asked[0], session=asked[1])
    assert len(shop.store.asked) == reads


def test_what_is_forgotten_is_gone_at_once(shop: Shop) -> None:
    assert shop.facts() is not None
    shop.store.events = ()
    shop.profiles.drop()
    assert shop.facts() is None


def test_a_store_that_fails_is_left_alone_and_said_once(shop: Shop) -> None:
    shop.store.fails = True
    with capture_logs() as lines:
        for now in (50.0, 50.5, 51.5, 52.0, 53.0):
            shop.now = now
            assert shop.facts() is None
    assert len(shop.store.asked) == 3
    assert [(line["event"], line["reason"]) for line in lines] == [
        ("no profiles of shoppers", "STORE_UNAVAILABLE")
    ]
    shop.now, shop.store.fails = 60.0, False
    assert shop.facts() is not None


def test_a_store_that_fails_again_is_said_again(shop: Shop) -> None:
    with capture_logs() as lines:
        for step, fails in enumerate((True, False, True)):
            shop.store.fails, shop.now = fails, 100.0 + 10 * step
            shop.facts()
    assert len(lines) == 2
