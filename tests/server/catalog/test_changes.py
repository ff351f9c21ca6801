from __future__ import annotations

import threading
import time

import pytest

from server.catalog.changes import Change, ChangeKind
from server.catalog.rows import StoredProduct
from server.catalog.store import Store


def note(store: Store, kind: ChangeKind, *keys: str, catalog: str = "shop") -> int:
    with store.database.write() as connection:
        return store.changes.note(connection, kind, catalog=catalog, keys=keys or ("",))


def test_a_log_nobody_wrote_to_is_empty(store: Store) -> None:
    assert store.changes.latest() == 0
    assert store.changes.since(0).changes == ()


def test_changes_come_back_in_order_and_say_whose_they_are(store: Store, store_url: str) -> None:
    first = note(store, ChangeKind.PRODUCTS, "a", "b")
    other = Store(store_url)
    second = note(other, ChangeKind.RANKER, catalog="")

    assert other.changes.latest() == store.changes.latest() == second
    assert store.changes.since(0).changes == (
        Change(number=first - 1, kind=ChangeKind.PRODUCTS, catalog="shop", key="a", own=True),
        Change(number=first, kind=ChangeKind.PRODUCTS, catalog="shop", key="b", own=True),
        Change(number=second, kind=ChangeKind.RANKER, catalog="", key="", own=False),
    )
    assert [each.own for each in other.changes.since(first).changes] == [True]
    assert [each.key for each in store.changes.since(0, limit=1).changes] == ["a"]
    assert store.changes.since(second).changes == ()
    other.close()


def test_nothing_noted_is_nothing(store: Store) -> None:
    with store.database.write() as connection:
        assert store.changes.note(connection, ChangeKind.PRODUCTS, keys=[]) == 0
    assert store.changes.latest() == 0


def test_a_transaction_that_fails_leaves_no_change(store: Store) -> None:
    def fail() -> None:
        with store.database.write() as connection:
            store.changes.note(connection, ChangeKind.RULES, catalog="shop", keys=["r"])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert store.changes.since(0).changes == ()


def test_who_was_away_for_too_long_is_told(store: Store) -> None:
    first = note(store, ChangeKind.PRODUCTS, "a", "b")
    assert store.changes.forget(before_seconds=time.time() - 60) == 0
    assert store.changes.forget(before_seconds=time.time() + 60) == 2

    assert store.changes.since(first - 1).incomplete
    assert not store.changes.since(first).incomplete
    # Numbers go on after those that were forgotten, though none of them is left to be seen.
    assert store.changes.latest() == first
    assert note(store, ChangeKind.PRODUCTS, "c") == first + 1


def test_numbers_rise_in_the_order_of_commits(store: Store) -> None:
    """Who has read up to a number never finds a smaller one later."""
    rounds, writers = 15, 3
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for place in range(rounds):
                note(store, ChangeKind.SIGNALS, f"{name}{place}", f"{name}{place}'")
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            failures.append(error)

    threads = [threading.Thread(target=write, args=(each,), daemon=True) for each in "abc"]
    for thread in threads:
        thread.start()
    seen: list[int] = []
    while any(thread.is_alive() for thread in threads):
        found = store.changes.since(seen[-1] if seen else 0).changes
        seen.extend(each.number for each in found)
    seen.extend(each.number for each in store.changes.since(seen[-1] if seen else 0).changes)

    assert failures == []
    assert len(seen) == 2 * rounds * writers
    assert seen == [each.number for each in store.changes.since(0).changes]


def test_what_is_written_to_a_build_is_noted_once_it_is_served(store: Store) -> None:
    generation = store.generations.begin(catalog="shop", bundle="b", layout=1)
    rows = store.rows(generation.number)
    stored = [
        StoredProduct(id=each, payload=b"p", text_vector=None, image_vector=None, terms=b"")
        for each in "abc"
    ]
    rows.write_pending(stored, values={})
    rows.mark_indexed(["a"])
    assert store.changes.since(0).changes == ()

    store.generations.serve(generation, instead_of=None)
    rows.mark_indexed(["b", "c"])
    rows.mark_indexed(["a"], noted=False)
    rows.mark_deleting(["a", "missing"])

    assert [(each.kind, each.key) for each in store.changes.since(0).changes] == [
        (ChangeKind.CATALOG, ""),
        (ChangeKind.PRODUCTS, "b"),
        (ChangeKind.PRODUCTS, "c"),
        (ChangeKind.PRODUCTS, "a"),
    ]
