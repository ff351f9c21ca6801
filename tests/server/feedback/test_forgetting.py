from __future__ import annotations

from pathlib import Path

import pytest

from server.catalog.changes import ChangeKind
from server.catalog.store import Store
from server.feedback.counts import ProductCounts
from server.feedback.event import EventKind
from server.feedback.event_store import EventStore
from server.feedback.forgetting import Forgetting, Forgotten
from server.feedback.search_log import SearchLog
from server.feedback.search_store import SearchStore
from tests.server.feedback.event_parts import event
from tests.server.feedback.search_parts import record
from tests.server.feedback.shop_parts import open_store, with_catalog

PSEUDONYM = "pseudonym-5d1f3b"


def nothing() -> None:
    pass


def test_one_person_is_erased_and_nobody_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.feedback.forgetting._BATCH", 2)
    with_catalog(store, "other")
    kept, searched = EventStore(store), SearchStore(store)
    kept.record(
        "shop",
        [
            event("1", user="ann"),
            event("2", user="ann", session="v1", kind=EventKind.PURCHASE),
            event("3", session="v1"),  # before signing in
            event("4", session="v2", product="shoe"),  # a search of that visit named her
            event("5", user="bob", session="v1"),
            event("6", session="v3"),
            event("7"),
        ],
    )
    kept.record("other", [event("1", user="ann")])
    searched.write(
        [
            record("a", user="ann", session="v2"),
            record("b", user="", session="v1"),
            record("c", user="bob", session="v1"),
            record("d", user="", session="v3"),
        ]
    )
    before, start = ProductCounts(store.database).all("shop"), store.changes.latest()
    told: list[str] = []
    forgetting = Forgetting(store, flush=nothing, when_forgotten=told.append)

    assert forgetting.forget("ann") == Forgotten(events=5, searches=2, remaining=0)

    assert [each.search_id for each in searched.iterate("shop")] == ["c", "d"]
    assert kept.totals() == {"shop": {EventKind.CLICK: 3}}
    assert told == ["ann"]
    noted = store.changes.since(start).changes
    assert [(each.kind, each.catalog, each.key) for each in noted] == [(ChangeKind.PERSON, "", "")]
    assert ProductCounts(store.database).all("shop")[1].tolist() == before[1].tolist()
    assert forgetting.forget("ann") == Forgotten(events=0, searches=0, remaining=0)


def test_no_hash_of_a_visit_is_left(store: Store) -> None:
    """What keeps a visit from counting twice is gone too: the same click counts anew."""
    kept = EventStore(store)
    kept.record("shop", [event("1", user="ann", session="v")])
    Forgetting(store, flush=nothing).forget("ann")
    kept.record("shop", [event("2", session="v")])

    assert ProductCounts(store.database).all("shop")[1].tolist() == [[0, 2, 0, 0]]


def test_searches_that_wait_in_memory_are_erased_too(store: Store) -> None:
    log = SearchLog(SearchStore(store))
    log.note(record("a", user="ann"))

    assert Forgetting(store, flush=log.flush).forget("ann").searches == 1
    log.close()
    assert SearchStore(store).get("a") is None


def test_what_comes_after_is_counted_as_remaining(store: Store) -> None:
    kept = EventStore(store)
    forgetting = Forgetting(
        store,
        flush=nothing,
        when_forgotten=lambda user: kept.record("shop", [event("late", user=user)]),  # type: ignore[arg-type] # what it gives is not looked at
    )

    assert forgetting.forget("ann").remaining == 1


def test_no_byte_of_the_files_has_the_name(tmp_path: Path) -> None:
    """Pages are split and merged by what else is written, which leaves pieces of rows behind."""
    file = tmp_path / "shop.db"
    store = with_catalog(open_store(f"sqlite:///{file}"))
    kept, searched = EventStore(store), SearchStore(store)
    for call in range(20):
        kept.record(
            "shop",
            [
                event(
                    f"{call}-{place}-{'x' * 30}",
                    user=PSEUDONYM if place % 5 == 0 else f"user-{place}",
                    session=f"{call}-{place // 4}",
                    product=f"p{place * 37 % 101}",
                )
                for place in range(200)
            ],
        )
        searched.write([record(f"s{call}", user=PSEUDONYM), record(f"t{call}")])
    assert PSEUDONYM.encode() in b"".join(each.read_bytes() for each in tmp_path.iterdir())

    forgotten = Forgetting(store, flush=nothing).forget(PSEUDONYM)

    assert forgotten == Forgotten(events=800, searches=20, remaining=0)
    for each in tmp_path.iterdir():
        assert PSEUDONYM.encode() not in each.read_bytes(), each.name
    store.close()
