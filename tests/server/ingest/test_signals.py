"""Prices, stock, ratings and sales written alone: stored, filtered by, ranked by, and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from omnishelf.v1 import product_pb2

from server.catalog.changes import ChangeKind
from server.catalog.codec import to_record
from server.catalog.record import ProductRecord
from server.deadline import Deadline
from server.errors import InvalidRequest, NotFound, Unavailable
from server.ingest.signals import SignalUpdate
from server.retrieval.exact import ExactEngine, ExactIndex
from server.retrieval.filters.parser import parse_filter
from server.retrieval.protocol import IndexRows, View, ViewQuery
from server.signals.columns import NUMBERS
from tests.server.ingest.shop_parts import Shop, everywhere, hashed, item, open_shop


class CountingIndex(ExactIndex):
    """Counts what is written, and fails once when told to."""

    written: list[tuple[str, ...]]
    failing = False

    def upsert(self, rows: IndexRows) -> None:
        if CountingIndex.failing:
            CountingIndex.failing = False
            raise Unavailable("the engine is away")
        self.written.append(rows.ids)
        super().upsert(rows)


class CountingEngine(ExactEngine):
    """Makes indexes that count."""

    def create(self, name: str, *, dimension: int) -> ExactIndex:
        index = CountingIndex(name, dimension=dimension)
        index.written = []
        self._indexes[name] = index
        return index


@pytest.fixture
def engine() -> CountingEngine:
    CountingIndex.failing = False
    return CountingEngine()


@pytest.fixture
def reopen(store_url: str, engine: CountingEngine) -> Iterator[Callable[[], Shop]]:
    with ExitStack() as stack:
        yield lambda: open_shop(store_url, engine, closing=stack)


@pytest.fixture
def shop(reopen: Callable[[], Shop]) -> Shop:
    """A shop of three, with a price each and some more."""
    opened = reopen()
    opened.writer.write(
        "shop",
        [
            item("a", price=10.0, list_price=12.0, stock=0, rating=4.0, rating_count=2),
            item("b", price=20.0, description="long " * 20, units_1_day=5),
            item("c", price=30.0, currency="EUR"),
        ],
    )
    return opened


def update(product_id: str, **fields: object) -> SignalUpdate:
    """Write these fields of a record; ``rating`` and ``sales`` by what they are in it."""
    written = {
        {"rating_count": "rating", "units_1_day": "sales"}.get(name, name)
        for name in fields
        if name != "currency"
    }
    values = {"id": product_id, "title": "", "group_id": "", **fields}
    return SignalUpdate(record=ProductRecord(**values), fields=frozenset(written))  # type: ignore[arg-type]


def stored(shop: Shop, product_id: str) -> ProductRecord:
    payload = shop.catalog().products.get_many([product_id])[product_id]
    return to_record(product_pb2.Product.FromString(payload))


def live(shop: Shop, product_id: str) -> dict[str, float]:
    reader = shop.catalog().table.reader()
    column = reader.numbers(reader.rows([product_id]))[:, 0]
    return dict(zip(NUMBERS, column.tolist(), strict=True))


def passing(shop: Shop, text: str) -> set[str]:
    """Products that pass a filter in the index."""
    query = ViewQuery(view=View.TEXT, vector=hashed(b"anything"))
    tree = parse_filter(text)
    index = shop.catalog().index
    return set(index.search(query, limit=9, filter_tree=tree, deadline=Deadline.never()).ids)


def indexed(shop: Shop) -> list[tuple[str, ...]]:
    index = shop.catalog().index
    assert isinstance(index, CountingIndex)
    return index.written


def test_an_update_is_stored_filtered_by_and_ranked_by(shop: Shop) -> None:
    before = stored(shop, "b")
    found = shop.writer.update_signals(
        "shop", [update("a", price=8.0, stock=4), update("b", stock=1, units_1_day=9)]
    )

    assert (found.updated, found.missing) == (2, ())
    assert passing(shop, "stock > 0 AND price < 15") == {"a"}
    assert passing(shop, "stock = 1") == {"b"}
    assert [live(shop, "a")[name] for name in ("price", "list_price", "stock")] == [8.0, 12.0, 4.0]
    assert live(shop, "b")["units_1_day"] == 9.0
    after = stored(shop, "b")
    assert (after.stock, after.units_1_day, after.price) == (1, 9, 20.0)
    assert (after.title, after.description) == (before.title, before.description)
    assert after.update_seconds is not None
    assert before.update_seconds is not None
    assert after.update_seconds >= before.update_seconds
    assert everywhere(shop) == {"a", "b", "c"}
    assert shop.encoder.texts.count("Product a") == 1


def test_only_what_filters_ask_for_is_indexed_again(shop: Shop) -> None:
    start = len(indexed(shop))
    shop.writer.update_signals(
        "shop",
        [
            update("a", list_price=11.0, rating=4.0, rating_count=7),
            update("b", units_1_day=6),
            update("c", stock=0),
        ],
    )
    shop.writer.update_signals("shop", [update("c", stock=0)])

    assert indexed(shop)[start:] == [("c",)]
    assert live(shop, "a")["rating_count"] == 7.0
    assert stored(shop, "a").rating_count == 7


def test_what_a_product_leaves_unset_becomes_unknown(shop: Shop) -> None:
    unset = SignalUpdate(
        record=ProductRecord(id="a", title="", group_id=""),
        fields=frozenset({"price", "list_price", "stock", "rating", "sales"}),
    )
    shop.writer.update_signals("shop", [unset])

    after = stored(shop, "a")
    assert (after.price, after.list_price, after.stock, after.rating) == (None,) * 4
    assert passing(shop, "price < 1000") == {"b", "c"}
    assert passing(shop, "stock = 0") == set()
    assert live(shop, "a")["price"] != live(shop, "a")["price"]


def test_one_product_that_is_not_there_refuses_all(shop: Shop) -> None:
    updates = [update("a", price=1.0), *[update(f"x{place}", price=1.0) for place in range(7)]]
    with pytest.raises(NotFound) as caught:
        shop.writer.update_signals("shop", updates)

    assert caught.value.reason == "PRODUCT_NOT_FOUND"
    assert "x0, x1, x2, x3, x4 and 2 more" in caught.value.message
    assert stored(shop, "a").price == live(shop, "a")["price"] == 10.0

    found = shop.writer.update_signals("shop", updates, allow_missing=True)
    assert (found.updated, found.missing) == (1, tuple(f"x{place}" for place in range(7)))
    assert stored(shop, "a").price == live(shop, "a")["price"] == 1.0
    with pytest.raises(NotFound):
        shop.writer.update_signals("absent", updates, allow_missing=True)


def test_two_currencies_of_one_product_are_refused(shop: Shop) -> None:
    with pytest.raises(InvalidRequest) as caught:
        shop.writer.update_signals(
            "shop",
            [
                update("a", price=5.0, currency="EUR"),
                update("b", price=5.0, currency="EUR"),
                update("c", list_price=50.0, currency="USD"),
            ],
        )
    assert [(each.field, each.reason) for each in caught.value.violations] == [
        ("price.currency_code", "CURRENCY_MISMATCH"),
        ("list_price.currency_code", "CURRENCY_MISMATCH"),
    ]
    assert stored(shop, "b").price == 20.0

    shop.writer.update_signals("shop", [update("a", price=5.0, list_price=6.0, currency="EUR")])
    assert (stored(shop, "a").currency, stored(shop, "a").list_price) == ("EUR", 6.0)


@pytest.mark.parametrize("restart", [False, True], ids=["same process", "next process"])
def test_an_update_that_dies_before_the_index_is_finished_later(
    shop: Shop, reopen: Callable[[], Shop], *, restart: bool
) -> None:
    CountingIndex.failing = True
    with pytest.raises(Unavailable):
        shop.writer.update_signals("shop", [update("a", stock=7)])
    assert passing(shop, "stock = 7") == set()

    if restart:
        shop = reopen()
    else:
        shop.writer.update_signals("shop", [update("b", units_1_day=1)])

    assert passing(shop, "stock = 7") == {"a"}
    assert live(shop, "a")["stock"] == 7.0
    assert everywhere(shop) == {"a", "b", "c"}


def test_updates_are_noted_once(shop: Shop) -> None:
    before = shop.store.changes.latest()
    shop.writer.update_signals("shop", [update("a", stock=7), update("b", units_1_day=3)])

    changes = shop.store.changes.since(before).changes
    assert {(each.kind, each.catalog) for each in changes} == {(ChangeKind.SIGNALS, "shop")}
    assert sorted(each.key for each in changes) == ["a", "b"]


def test_a_product_put_again_after_an_update_is_as_it_is_put(shop: Shop) -> None:
    shop.writer.update_signals("shop", [update("a", price=1.0)])
    shop.writer.write("shop", [item("a", price=10.0)])

    assert stored(shop, "a").price == live(shop, "a")["price"] == 10.0
    assert passing(shop, "price < 5") == set()
