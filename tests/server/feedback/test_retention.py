from __future__ import annotations

import threading

import pytest

from server.catalog.store import Store
from server.feedback.counts import ProductCounts
from server.feedback.event import EventKind
from server.feedback.event_store import EventStore
from server.feedback.retention import Retention
from server.feedback.search_store import SearchStore
from tests.server.feedback.event_parts import NOON, event
from tests.server.feedback.search_parts import record

DAY = 86_400.0
HOUR = 3_600.0
WAIT = 60.0
KEPT = 100


def test_what_is_too_old_goes_in_batches_and_counts_stay(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.feedback.retention._BATCH", 2)
    kept, searched = EventStore(store), SearchStore(store)
    ages = {"a": 10.5, "b": 10.1, "c": 10.03, "d": 9.9, "e": 0.0, "f": 30.0, "g": 11.0}
    kept.record("shop", [event(each, time_seconds=NOON - age * DAY) for each, age in ages.items()])
    searched.write([record(each, time_seconds=NOON - age * DAY) for each, age in ages.items()])
    before = ProductCounts(store.database).all("shop")[1].tolist()
    retention = Retention(store, keep_days=10, keep_searches=KEPT)

    # 10.03 days are within the hour of slack: such an event is refused, and not yet erased.
    assert retention.forget_older(NOON) == 8
    assert [each.search_id for each in searched.iterate("shop")] == ["c", "d", "e"]
    assert kept.totals() == {"shop": {EventKind.CLICK: 3}}
    assert retention.forget_older(NOON) == 0
    assert ProductCounts(store.database).all("shop")[1].tolist() == before


@pytest.mark.parametrize(("keep", "left"), [(1, "e"), (3, "cde"), (5, "abcde"), (9, "abcde")])
def test_the_newest_searches_stay(store: Store, keep: int, left: str) -> None:
    searched = SearchStore(store)
    searched.write([record(each, time_seconds=NOON - age) for age, each in enumerate("edcba")])
    assert Retention(store, keep_days=10, keep_searches=keep).forget_older(NOON) == 5 - len(left)
    assert [each.search_id for each in searched.iterate("shop")] == list(left)


def test_what_a_visit_has_counted_is_forgotten_by_day(store: Store) -> None:
    kept = EventStore(store)
    kept.record("shop", [event("1", session="v"), event("2", session="v", time_seconds=NOON + DAY)])
    Retention(store, keep_days=1, keep_searches=KEPT).forget_older(NOON + 2 * DAY)
    kept.record("shop", [event("3", session="v"), event("4", session="v", time_seconds=NOON + DAY)])

    # The first day counts anew; such events are refused at the door.
    assert ProductCounts(store.database).all("shop")[1].tolist() == [[0, 3, 0, 0]]


def test_a_thread_forgets_until_it_is_closed(store: Store) -> None:
    EventStore(store).record("shop", [event("old")])
    asked = threading.Event()
    looks: list[float] = []

    def clock() -> float:
        looks.append(NOON + 2 * DAY)
        if len(looks) > 1:
            asked.set()
        return looks[-1]

    retention = Retention(store, keep_days=1, keep_searches=KEPT, every_seconds=0.01, clock=clock)
    retention.start()
    assert asked.wait(WAIT)
    retention.close()
    retention.close()

    assert EventStore(store).totals() == {}
    number = len(looks)
    assert retention.forget_older(NOON) == 0
    assert len(looks) == number
