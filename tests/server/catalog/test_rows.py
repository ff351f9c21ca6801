"""Payloads rewritten in place, and builds that nobody may write to any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from server.catalog.changes import ChangeKind
from server.catalog.generations import Generation
from server.catalog.rows import ProductRows, Rewritten, StoredProduct
from server.catalog.store import Store
from server.catalog.tables import RowState
from server.errors import NotFound, Unavailable


@pytest.fixture
def served(store: Store) -> Generation:
    return begun(store, instead_of=None)


@pytest.fixture
def rows(store: Store, served: Generation) -> ProductRows:
    """Three rows, the last of them not indexed yet."""
    rows = store.rows(served.number)
    rows.write_pending([row(each) for each in "abc"], values={})
    rows.mark_indexed(["a", "b"])
    return rows


def begun(store: Store, *, instead_of: int | None) -> Generation:
    generation = store.generations.begin(catalog="shop", bundle="b", layout=1)
    store.generations.serve(generation, instead_of=instead_of)
    return generation


def row(product_id: str) -> StoredProduct:
    return StoredProduct(
        id=product_id, payload=b"old", text_vector=None, image_vector=None, terms=b""
    )


def rewriting(*, pending: str) -> Callable[[Mapping[str, bytes]], dict[str, Rewritten]]:
    return lambda found: {
        each: Rewritten(payload=payload + b"+" + each.encode(), pending=each in pending)
        for each, payload in found.items()
    }


def test_payloads_are_rewritten_and_only_some_are_pending(store: Store, rows: ProductRows) -> None:
    before = store.changes.latest()

    assert set(rows.rewrite(["a", "b", "c", "missing"], rewriting(pending="b"))) == set("abc")

    assert rows.get_many("abc") == {"a": b"old+a", "b": b"old+b", "c": b"old+c"}
    pending = [each.id for each in rows.unfinished(RowState.PENDING, limit=9)]
    assert pending == ["b", "c"]
    noted = store.changes.since(before).changes
    assert sorted((each.kind, each.key) for each in noted) == [
        (ChangeKind.SIGNALS, each) for each in "abc"
    ]


def test_what_refuses_a_rewriting_undoes_it(store: Store, rows: ProductRows) -> None:
    before = store.changes.latest()

    def refuse(found: Mapping[str, bytes]) -> dict[str, Rewritten]:
        raise NotFound(f"only {sorted(found)}")

    with pytest.raises(NotFound, match=r"only \['a', 'b'\]"):
        rows.rewrite(["a", "b", "missing"], refuse)
    assert rows.get_many(["a"]) == {"a": b"old"}
    assert store.changes.latest() == before


def test_what_is_being_deleted_is_not_rewritten(rows: ProductRows) -> None:
    rows.mark_deleting(["a"])
    assert set(rows.rewrite(["a", "b"], rewriting(pending=""))) == {"b"}


def test_nothing_is_written_to_a_build_that_was_replaced(
    store: Store, served: Generation, rows: ProductRows
) -> None:
    begun(store, instead_of=served.number)
    for work in (
        lambda: rows.write_pending([row("d")], values={}),
        lambda: rows.mark_indexed(["c"]),
        lambda: rows.mark_deleting(["a"]),
        lambda: rows.rewrite(["a"], rewriting(pending="a")),
    ):
        with pytest.raises(Unavailable) as caught:
            work()
        assert caught.value.reason == "CATALOG_REPLACED"
    assert rows.count() == 3

    store.generations.drop(served.number)
    with pytest.raises(Unavailable):
        rows.write_pending([row("d")], values={})
    assert rows.count() == 0


def test_a_build_in_the_making_is_written_to_beside_the_one_served(
    store: Store, rows: ProductRows
) -> None:
    before = store.changes.latest()
    fresh = store.rows(store.generations.begin(catalog="shop", bundle="b", layout=1).number)
    fresh.write_pending([row("d")], values={})
    fresh.mark_indexed(["d"])

    assert (fresh.count(), rows.count()) == (1, 3)
    assert store.changes.latest() == before
