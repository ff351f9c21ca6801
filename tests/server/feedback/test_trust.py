from __future__ import annotations

import pytest

from server.catalog.store import Store
from server.feedback.event import EventKind, ShopperEvent
from server.feedback.event_store import EventStore
from server.feedback.trust import Suspects, TrustLimits, suspects
from tests.server.feedback.event_parts import NOON, event

HOUR = (NOON // 3_600) * 3_600  # the hour of the clock that NOON is in


def clicks(
    who: str,
    products: int,
    *,
    field: str = "session",
    kind: EventKind = EventKind.CLICK,
    at: float = HOUR,
) -> list[ShopperEvent]:
    """Events of somebody on so many products, all within half a minute."""
    return [
        event(
            f"{field}-{who}-{kind}-{at}-{place}",
            kind=kind,
            product=f"p{place}",
            time_seconds=at + place / 1_000,
            **{field: who},
        )
        for place in range(products)
    ]


def found(store: Store, given: list[ShopperEvent], **limits: float) -> Suspects:
    EventStore(store).record("shop", given)
    with store.database.read() as connection:
        return suspects(
            connection,
            "shop",
            since=HOUR - 86_400,
            until=HOUR + 86_400,
            limits=TrustLimits(**limits),  # type: ignore[arg-type] # by keyword
        )


def test_a_pace_that_people_do_not_keep(store: Store) -> None:
    given = [
        *clicks("script", 101),
        *clicks("eager", 100),
        *clicks("patient", 60),
        *clicks("patient", 60, at=HOUR + 3_600),
        *clicks("viewer", 500, kind=EventKind.IMPRESSION),
        *clicks("farm", 101, field="user"),
    ]

    assert found(store, given) == Suspects(
        sessions=frozenset({"script"}), users=frozenset({"farm"})
    )


def test_one_product_a_thousand_times_is_one_product(store: Store) -> None:
    given = [event(f"e{place}", session="fond", time_seconds=HOUR) for place in range(1_000)]

    assert found(store, given) == Suspects()


@pytest.mark.parametrize(
    ("seen", "opened", "suspect"),
    [(50, 41, True), (50, 40, False), (49, 49, False), (60, 49, True), (60, 48, False)],
)
def test_clicks_on_nearly_all_that_is_shown(
    store: Store, *, seen: int, opened: int, suspect: bool
) -> None:
    given = clicks("x", seen, kind=EventKind.IMPRESSION) + clicks("x", opened)

    assert found(store, given).sessions == (frozenset({"x"}) if suspect else frozenset())


def test_other_catalogs_and_times_are_not_looked_at(store: Store) -> None:
    EventStore(store).record("shop", clicks("script", 5, at=HOUR - 200_000))

    assert found(store, [], products_an_hour=2) == Suspects()


def test_either_name_is_enough_to_be_suspect() -> None:
    some = Suspects(sessions=frozenset({"script"}), users=frozenset({"farm"}))

    assert some.trusts(user="ann", session="visit")
    assert some.trusts(user=None, session=None)
    assert not some.trusts(user="ann", session="script")
    assert not some.trusts(user="farm", session=None)
