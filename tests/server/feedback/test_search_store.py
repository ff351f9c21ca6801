from __future__ import annotations

import numpy as np
import pytest
import structlog

from server.catalog.store import Store
from server.errors import DataCorrupted
from server.feedback.event import EventKind
from server.feedback.event_store import EventStore
from server.feedback.search_store import SearchStore
from server.feedback.tables import searches
from server.feedback.trust import TrustLimits
from tests.server.feedback.event_parts import NOON, event
from tests.server.feedback.search_parts import ranked, record
from tests.server.feedback.test_search_codec import assert_same


@pytest.mark.parametrize(
    "given",
    [
        record("s", swapped=(0, 3)),
        record("s", user="", session="", text="", fingerprint="", swapped=None),
        record("s", text="红色马克杯", ranked=ranked()),
        record("s", shown=(), features=np.empty((0, 0), np.float32)),
    ],
)
def test_a_search_is_read_as_it_was_written(store: Store, given: object) -> None:
    kept = SearchStore(store)
    kept.write([given])  # type: ignore[list-item] # a search record

    assert_same(kept.get("s"), given)
    assert kept.get("t") is None


def test_the_first_of_an_id_stays(store: Store) -> None:
    kept = SearchStore(store)
    kept.write([record("s", text="first")])
    kept.write([record("s", text="second"), record("t", text="third")])
    kept.write([])

    assert [(each.search_id, each.text) for each in kept.iterate("shop")] == [
        ("s", "first"),
        ("t", "third"),
    ]


def test_a_text_that_postgresql_cannot_store_is_stored_without_that_character(
    store: Store,
) -> None:
    SearchStore(store).write([record("s", text="red\0 shoes", user="\0")])

    (found,) = SearchStore(store).iterate("shop")
    assert (found.text, found.user) == ("red shoes", "")


def test_searches_come_in_the_order_of_their_times(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.feedback.search_store._PAGE", 2)
    kept = SearchStore(store)
    times = {"e": 5.0, "a": 1.0, "c": 3.0, "b": 3.0, "d": 3.0, "f": 9.0}
    kept.write([record(each, time_seconds=time) for each, time in times.items()])
    kept.write([record("other", catalog="other", time_seconds=3.0)])

    def ids(since: float = 0.0, until: float = 100.0) -> str:
        return "".join(each.search_id for each in kept.iterate("shop", since=since, until=until))

    assert ids() == "abcdef"
    assert ids(3.0, 9.0) == "bcde"
    assert ids(until=3.0) == "a"
    assert ids(9.5) == ""


def test_a_search_comes_with_its_events_however_late(store: Store) -> None:
    SearchStore(store).write([record("s"), record("t", time_seconds=NOON + 5), record("u")])
    done = [
        event("2", search_id="s", product="shoe", time_seconds=NOON + 90_000, session="v"),
        event("1", search_id="s", kind=EventKind.IMPRESSION, position=7, user="ann"),
        event("3", search_id="s", product="hat", time_seconds=NOON + 90_001),
        event("4", search_id="elsewhere"),
        event(
            "5",
            search_id="t",
            kind=EventKind.PURCHASE,
            quantity=2,
            revenue_micros=1_500_000,
            currency="EUR",
        ),
    ]
    EventStore(store).record("shop", done)

    found = list(SearchStore(store).judged("shop"))

    assert [each.record.search_id for each in found] == ["s", "u", "t"]
    seen = [
        (each.product, each.kind, each.position, each.time_seconds - NOON, each.user, each.session)
        for each in found[0].events
    ]
    assert seen == [
        ("mug", EventKind.IMPRESSION, 7, 0, "ann", ""),  # where the event says it was
        ("shoe", EventKind.CLICK, 2, 90_000, "", "v"),  # where the search showed it
        ("hat", EventKind.CLICK, 0, 90_001, "", ""),  # it did not
    ]
    assert found[1].events == ()
    (bought,) = found[2].events
    assert (bought.quantity, bought.revenue_micros, bought.currency) == (2, 1_500_000, "EUR")
    assert {each.trusted for search in found for each in search.events} == {True}


def test_events_of_a_suspect_are_there_and_marked(store: Store) -> None:
    SearchStore(store).write([record("s")])
    EventStore(store).record(
        "shop",
        [
            event("1", search_id="s", session="script"),
            event("2", search_id="s", session="script", product="shoe"),
            event("3", search_id="s", session="person"),
        ],
    )
    kept = SearchStore(store)

    def trusted(limits: TrustLimits) -> list[bool]:
        (search,) = kept.judged("shop", limits=limits)
        return [each.trusted for each in search.events]

    assert trusted(TrustLimits(products_an_hour=1)) == [False, False, True]
    assert trusted(TrustLimits(products_an_hour=2)) == [True, True, True]


def test_a_damaged_search_is_named_as_such_and_keeps_no_other_from_use(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.feedback.search_store._PAGE", 2)
    kept = SearchStore(store)
    kept.write([record(each) for each in "abcd"])
    with store.database.write() as connection:
        damaged = searches.update().where(searches.c.search_id.in_(["b", "c"]))
        connection.execute(damaged.values(payload=b"\x01damaged"))

    with pytest.raises(DataCorrupted):
        kept.get("b")
    with structlog.testing.capture_logs() as lines:
        assert [each.search_id for each in kept.iterate("shop")] == ["a", "d"]
    assert [(each["search_id"], each["reason"]) for each in lines] == [
        ("b", "SEARCH_PAYLOAD"),
        ("c", "SEARCH_PAYLOAD"),
    ]
    assert [each.record.search_id for each in kept.judged("shop")] == ["a", "d"]
