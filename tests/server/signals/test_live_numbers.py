"""Prices, stock, sales and counts of live rows, changed in place while others read."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from server.arrays import Float32Array
from server.signals import awaited
from server.signals import table as table_module
from server.signals.columns import CODES, NUMBERS, VIEWS, ColumnBlock, ProductColumns
from server.signals.table import ProductTable
from server.signals.terms import term_rows
from tests.server.signals.table_parts import product

Put = Callable[..., None]
DAY = 86_400.0


def numbers(table: ProductTable, product_id: str) -> dict[str, float]:
    """A product's live numbers by name."""
    reader = table.reader()
    column = reader.numbers(reader.rows([product_id]))[:, 0]
    return dict(zip(NUMBERS, column.tolist(), strict=True))


def counts(*rows: tuple[float, float, float, float]) -> Float32Array:
    return np.array(rows, dtype=np.float32)


def test_signals_of_a_live_row_are_changed_in_place(table: ProductTable, put: Put) -> None:
    put([product("a", price=5.0, stock=2, rating=4.0, rating_count=3, create_seconds=2 * DAY)])
    held = table.reader()
    rows = held.rows(["a"])

    table.update_signals(
        [
            product("a", price=4.0, list_price=5.0, units_1_day=7, create_seconds=2 * DAY),
            product("missing", price=1.0),
        ]
    )

    found = numbers(table, "a")
    assert (found["price"], found["list_price"], found["units_1_day"]) == (4.0, 5.0, 7.0)
    assert np.isnan([found["stock"], found["rating"], found["units_7_days"]]).all()
    assert (found["rating_count"], found["created_days"]) == (0.0, 2.0)
    # The reader of a request that began before sees the price of now, in the row it holds.
    assert held.numbers(rows)[NUMBERS.index("price")].tolist() == [4.0]
    assert held.rows(["a"]).tolist() == rows.tolist() == [0]
    assert held.facets(rows, field="price", limit=3) == (("4..4.5", 1),)


def test_counts_start_at_nothing_and_are_set(table: ProductTable, put: Put) -> None:
    put([product("a", price=1.0), product("b")])
    assert [numbers(table, "b")[name] for name in NUMBERS[9:]] == [0.0] * 4

    table.set_counts(["b", "missing", "a"], counts((4, 3, 2, 1), (9, 9, 9, 9), (8, 0, 0, 0)))

    assert NUMBERS[9:] == ("impressions", "clicks", "carts", "purchases")
    assert [numbers(table, "b")[name] for name in NUMBERS[9:]] == [4.0, 3.0, 2.0, 1.0]
    assert [numbers(table, "a")[name] for name in ("price", "impressions")] == [1.0, 8.0]


def test_nothing_to_set_is_set(table: ProductTable) -> None:
    table.set_counts([], np.zeros((0, 4), dtype=np.float32))
    table.update_signals([])
    table.update_signals([product("missing")])
    assert table.reader().numbers(np.zeros(0, dtype=np.int32)).shape == (len(NUMBERS), 0)


def test_a_product_put_again_keeps_its_counts(
    table: ProductTable, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_module, "_LEAST_DEAD_ROWS", 2)
    put([product("a", price=1.0)])
    table.set_counts(["a"], counts((4, 3, 2, 1)))
    for price in (2.0, 3.0, 4.0, 5.0):  # drops dead rows on the way
        put([product("a", price=price), product("new")])
        assert numbers(table, "a")["purchases"] == 1.0
        assert numbers(table, "new")["impressions"] == 0.0


def test_counts_wait_for_a_product_that_is_not_there(
    table: ProductTable, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awaited, "MOST_AWAITED", 2)
    put([product("a")])
    table.set_counts(["a", "early"], counts((4, 3, 2, 1), (7, 0, 0, 0)))
    table.remove(["a", "missing"])
    assert len(table) == 0

    put([product("a"), product("early")])
    assert [numbers(table, each)["impressions"] for each in ("a", "early")] == [4.0, 7.0]

    table.set_counts(["x", "y", "z"], counts((1, 0, 0, 0), (2, 0, 0, 0), (3, 0, 0, 0)))
    table.set_counts(["z"], counts((0, 0, 0, 0)))
    put([product(each) for each in "xyz"])
    # Two were remembered, the last two; and one of those was counted anew.
    assert [numbers(table, each)["impressions"] for each in "xyz"] == [0.0, 2.0, 0.0]


def test_the_traits_of_rows(table: ProductTable, put: Put) -> None:
    put(
        [
            product("a", price=5.0, brand="Luma", category_paths=("Women/Tops",), group_id="g"),
            product("b", group_id="g"),
        ],
        text={"a": (0.0, 1.0)},
    )
    reader = table.reader()

    traits = reader.traits(reader.rows(["b", "a"]))

    assert np.isnan(traits.price[0])
    assert traits.price[1] == 5.0
    assert (traits.brand.tolist(), traits.category.tolist()) == ([-1, 0], [-1, 0])
    assert traits.group[0] == traits.group[1]
    assert traits.vectors.tolist() == [[0, 0], [0, 127]]


def test_the_numbers_of_a_product_take_less_than_80_bytes() -> None:
    batch = 1_000
    columns = ProductColumns(dimension=1)
    block = ColumnBlock(
        ids=[""] * batch,
        numbers=np.zeros((batch, len(NUMBERS)), dtype=np.float32),
        codes=np.zeros((batch, len(CODES)), dtype=np.int32),
        vectors=np.zeros((batch, VIEWS, 1), dtype=np.int8),
        scales=np.zeros((batch, 2), dtype=np.float32),
        has=np.zeros((batch, 2), dtype=bool),
        fused=np.zeros((batch, 1), dtype=np.int8),
        terms=term_rows([{}] * batch),
        path_codes=np.full(batch, -1, dtype=np.int32),
        path_lengths=np.tile(np.array([[1, 0]], dtype=np.int32), (batch, 1)),
    )
    sizes = []
    while len(columns) < 100_000:
        columns.append(block)
        sizes.append(columns.numbers.rows.nbytes / len(columns))

    # 13 numbers of 4 bytes, with what stands empty to grow into: right after growing, too.
    assert 52 <= sizes[-1] <= max(sizes) < 80


def test_the_table_tells_what_its_numbers_take(table: ProductTable, put: Put) -> None:
    put([product(f"p{place}") for place in range(64)])
    assert table.signal_bytes() == 64 * 52
    put([product("p0")])
    assert table.signal_bytes() == 80 * 52


def test_readers_see_numbers_that_were_written(table: ProductTable, put: Put) -> None:
    """Two numbers of a row are always written alike; readers find old or new ones, none other."""
    put([product(f"p{place}", price=0.0, stock=0) for place in range(300)])
    ids = [f"p{place}" for place in range(300)]
    failures: list[BaseException] = []
    done = threading.Event()

    def write() -> None:
        for version in range(1, 60):
            table.update_signals([product(each, price=version, stock=version) for each in ids])
            if version % 10 == 0:
                put([product("p0", price=version, stock=version), product(f"new{version}")])
        done.set()

    def read() -> None:
        last = 0.0
        try:
            while not done.is_set():
                reader = table.reader()
                found = reader.numbers(reader.rows(ids))
                price, stock = found[NUMBERS.index("price")], found[NUMBERS.index("stock")]
                assert set(np.unique(price)) <= set(range(60))
                assert set(np.unique(stock)) <= set(range(60))
                assert price.min() >= last
                last = float(price.min())
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            failures.append(error)

    threads = [threading.Thread(target=each, daemon=True) for each in (write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert done.is_set()
    assert numbers(table, "p7")["price"] == 59.0
