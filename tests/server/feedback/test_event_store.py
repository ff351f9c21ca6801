from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from server.catalog.changes import ChangeKind
from server.catalog.store import Store
from server.errors import NotFound
from server.feedback.counts import ProductCounts
from server.feedback.event import EventKind, RecentEvent, Recorded, ShopperEvent
from server.feedback.event_store import EventStore
from server.feedback.search_store import SearchStore
from tests.server.feedback.event_parts import NOON, event
from tests.server.feedback.search_parts import record
from tests.server.feedback.shop_parts import open_store, with_catalog

DAY = 86_400.0


def counts(store: Store, catalog: str = "shop") -> dict[str, list[float]]:
    ids, numbers = ProductCounts(store.database).all(catalog)
    return {product: row.tolist() for product, row in zip(ids, numbers, strict=True)}


def test_an_id_is_recorded_once_however_often_it_is_sent(store: Store) -> None:
    kept = EventStore(store)

    assert kept.record("shop", [event("a"), event("b"), event("a")]) == Recorded(
        recorded=2, duplicates=1
    )
    assert kept.record("shop", [event("b"), event("c")]) == Recorded(recorded=1, duplicates=1)
    assert counts(store) == {"mug": [0, 3, 0, 0]}


def test_the_first_of_an_id_counts(store: Store) -> None:
    EventStore(store).record("shop", [event("a", product="shoe"), event("a", product="mug")])
    EventStore(store).record("shop", [event("a", product="hat")])

    assert counts(store) == {"shoe": [0, 1, 0, 0]}


def test_an_id_is_of_its_catalog(store: Store) -> None:
    with_catalog(store, "other")
    kept = EventStore(store)
    kept.record("shop", [event("a")])

    assert kept.record("other", [event("a")]).recorded == 1
    assert counts(store) == counts(store, "other")


def test_what_is_unknown_is_recorded_and_counted(store: Store) -> None:
    SearchStore(store).write([record("known")])
    given = [
        event("a", product="mug", search_id="known"),
        event("b", product="sold-out", search_id="unknown"),
        event("c", product="sold-out"),
        event("d", product="shoe", search_id="unknown"),
    ]
    kept = EventStore(store)

    assert kept.record("shop", given) == Recorded(
        recorded=4, unknown_products=2, unknown_searches=2
    )
    assert kept.record("shop", given) == Recorded(duplicates=4)
    assert counts(store) == {"mug": [0, 1, 0, 0], "sold-out": [0, 2, 0, 0], "shoe": [0, 1, 0, 0]}


def test_a_catalog_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(NotFound) as caught:
        EventStore(store).record("absent", [event("a")])

    assert caught.value.reason == "CATALOG_NOT_FOUND"


def test_a_visit_counts_once_a_day_for_a_product_and_a_type(store: Store) -> None:
    given = [
        event("1", session="visit"),
        event("2", session="visit"),
        event("3", session="visit", kind=EventKind.PURCHASE),  # without a cart, which is fine
        event("4", session="visit", product="shoe"),
        event("5", session="visit", time_seconds=NOON + DAY),
        event("6", session="another"),
        event("7", session="visit", user="ann"),  # the visit is the same
        event("8", user="ann"),
        event("9", user="ann"),
        event("10", user="visit"),  # a user of that name is no session of it
        event("11"),
        event("12"),
    ]
    kept = EventStore(store)

    assert kept.record("shop", given).recorded == 12
    # Clicks on the mug: 1, 5, 6, 8, 10, 11, 12.
    assert counts(store) == {"mug": [0, 7, 0, 1], "shoe": [0, 1, 0, 0]}
    kept.record("shop", [event("13", session="visit", time_seconds=NOON - 60)])
    assert counts(store) == {"mug": [0, 7, 0, 1], "shoe": [0, 1, 0, 0]}


def test_every_type_has_a_count_of_its_own(store: Store) -> None:
    EventStore(store).record("shop", [event(kind.name, kind=kind) for kind in EventKind])

    assert counts(store) == {"mug": [1, 1, 1, 1]}


def test_counts_name_the_change_that_made_them(store: Store) -> None:
    with_catalog(store, "other")
    told: list[str] = []
    kept, read = EventStore(store, when_counted=told.append), ProductCounts(store.database)
    start = store.changes.latest()
    kept.record("shop", [event("a", product="mug")])
    middle = store.changes.latest()
    kept.record("shop", [event("b", product="shoe"), event("a", product="mug")])
    kept.record("other", [event("a", product="mug")])
    last = store.changes.latest()
    kept.record("shop", [event("a", product="mug")])  # counts nothing, so nothing has changed

    found = {
        number: sorted(read.changed_since("shop", number)[0]) for number in (start, middle, last)
    }
    assert found == {start: ["mug", "shoe"], middle: ["shoe"], last: []}
    assert read.changed_since("shop", last)[1].shape == (0, 4)
    assert store.changes.latest() == last
    noted = [(each.kind, each.catalog, each.key) for each in store.changes.since(start).changes]
    assert noted == [
        (ChangeKind.COUNTS, "shop", ""),
        (ChangeKind.COUNTS, "shop", ""),
        (ChangeKind.COUNTS, "other", ""),
    ]
    assert told == ["shop", "shop", "other"]


def test_what_somebody_did_lately_is_read_newest_first_and_once(store: Store) -> None:
    done = [
        event("1", user="ann", session="visit", time_seconds=NOON + 1),
        event("2", user="ann", product="shoe", kind=EventKind.PURCHASE, quantity=3),
        event("3", session="visit", kind=EventKind.ADD_TO_CART, time_seconds=NOON + 5),
        event("4", user="ann", kind=EventKind.IMPRESSION, position=1),
        event("5", user="bob", session="elsewhere"),
        event("6", user="ann", time_seconds=NOON - 100),
    ]
    kept = EventStore(store)
    kept.record("shop", done)

    def of(product: str, kind: EventKind, after: float, quantity: int, here: bool) -> RecentEvent:  # noqa: FBT001 - a row of a table
        return RecentEvent(
            product=product,
            kind=kind,
            time_seconds=NOON + after,
            quantity=quantity,
            in_session=here,
        )

    cart = of("mug", EventKind.ADD_TO_CART, 5, 1, True)
    click = of("mug", EventKind.CLICK, 1, 1, True)
    bought = of("shoe", EventKind.PURCHASE, 0, 3, False)
    old = of("mug", EventKind.CLICK, -100, 1, False)
    assert kept.recent("shop", user="ann", session="visit") == (cart, click, bought, old)
    assert kept.recent("shop", user="ann", session="visit", limit=2) == (cart, click)
    assert kept.recent("shop", user="ann", session="visit", since_seconds=NOON) == (
        cart,
        click,
        bought,
    )
    assert kept.recent("shop", session="visit") == (cart, click)
    assert [each.time_seconds for each in kept.recent("shop", user="ann")] == [
        NOON + 1,
        NOON,
        NOON - 100,
    ]
    assert kept.recent("shop") == kept.recent("shop", user="eve") == ()
    assert kept.recent("other", user="ann") == ()


def test_totals_are_by_catalog_and_kind(store: Store) -> None:
    with_catalog(store, "other")
    kept = EventStore(store)
    assert kept.totals() == {}
    kept.record("shop", [event("a"), event("b"), event("c", kind=EventKind.PURCHASE)])
    kept.record("other", [event("a")])

    assert kept.totals() == {
        "other": {EventKind.CLICK: 1},
        "shop": {EventKind.CLICK: 2, EventKind.PURCHASE: 1},
    }


def test_two_replicas_that_are_sent_the_same_events_count_them_once(store_url: str) -> None:
    """Each has its own connections, as two processes have."""
    stores = [with_catalog(open_store(store_url)), open_store(store_url)]
    given = [
        event(f"e{place}", product=f"p{place % 7}", session=f"s{place % 11}")
        for place in range(300)
    ]
    totals: list[Recorded] = []
    failures: list[BaseException] = []

    def send(store: Store, some: Sequence[ShopperEvent]) -> None:
        try:
            kept = EventStore(store)
            totals.extend(
                kept.record("shop", some[place : place + 50]) for place in range(0, 300, 50)
            )
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            failures.append(error)

    threads = [
        threading.Thread(target=send, args=(store, some), daemon=True)
        for store, some in zip(stores, (given, given[::-1]), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert sum(each.recorded for each in totals) == 300
    assert sum(each.duplicates for each in totals) == 300
    # 7 and 11 have no common divisor: every pair is met, and each counts once.
    assert counts(stores[0]) == {f"p{place}": [0, 11, 0, 0] for place in range(7)}
    for store in stores:
        store.close()
