"""A table filled from the store is the one that whole records would have filled."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from omnishelf.v1 import product_pb2

from server.catalog import load
from server.catalog.codec import to_message, to_record
from server.catalog.load import load_products, load_table, reload_table
from server.catalog.record import ProductRecord
from server.catalog.rows import ProductRows, StoredProduct
from server.catalog.store import Store
from server.catalog.vector_bytes import pack, unpack
from server.signals.affinity import value_texts
from server.signals.table import ProductTable, TableRows
from server.signals.terms import from_blobs, term_rows, to_blobs

DIMENSION = 4
GROWING = ("numbers", "codes", "scales", "has", "fused")
RECORDS = [
    ProductRecord(
        id=f"p{number:02d}",
        title="t",
        group_id=f"g{number // 3}",
        category_paths=[(), ("Women/Tops", "Sale"), ("A/B", "A/C", "Sale"), ("women/tops",)][
            number % 4
        ],
        brand=["", "Luma", "LUMA"][number % 3],
        color=["Red", "", "red", "Blue", "Green"][number % 5],
        price=None if number % 6 == 5 else number + 0.25,
        list_price=99.5 if number % 4 == 0 else None,
        stock=None if number % 5 == 0 else number,
        rating=4.5 if number % 2 else None,
        rating_count=number if number % 2 else 0,
        units_7_days=number if number % 3 == 0 else None,
        create_seconds=86_400.0 * number if number % 2 else None,
    )
    for number in range(23)
]


def stored_shop() -> list[StoredProduct]:
    """Some have a text vector, some a picture, some both and some neither."""
    vectors = np.random.default_rng(7).standard_normal((2, len(RECORDS), DIMENSION))
    vectors = (vectors / np.linalg.norm(vectors, axis=2, keepdims=True)).astype(np.float32)
    has = [[bool(number % divisor) for number in range(len(RECORDS))] for divisor in (4, 3)]
    terms = to_blobs(
        term_rows([{"title": [number, 7], "color": [7], "rest": [9]} for number in range(23)])
    )
    rows = zip(RECORDS, *map(pack_view, vectors, has), terms, strict=True)
    return [
        StoredProduct(
            id=record.id,
            payload=to_message(record, catalog="shop").SerializeToString(),
            text_vector=text,
            image_vector=image,
            terms=blob,
        )
        for record, text, image, blob in rows
    ]


def pack_view(vectors: np.ndarray, has: list[bool]) -> list[bytes | None]:
    return pack(vectors, has=has)


def value_vectors() -> dict[str, np.ndarray]:
    texts = dict.fromkeys(text for record in RECORDS for text in value_texts(record))
    rows = np.random.default_rng(8).standard_normal((len(texts), DIMENSION)).astype(np.float32)
    return dict(zip(texts, rows, strict=True))


@pytest.fixture
def products(store: Store) -> ProductRows:
    rows = store.rows(store.generations.begin(catalog="shop", bundle="b", layout=1).number)
    rows.write_pending(stored_shop(), values=value_vectors())
    return rows


def empty_table() -> ProductTable:
    return ProductTable(dimension=DIMENSION, fold=str.casefold, image_share=0.3)


def filled_by_records() -> ProductTable:
    """All products put at once as whole records."""
    table, rows = empty_table(), stored_shop()
    text, has_text = unpack([row.text_vector for row in rows], dimension=DIMENSION)
    image, has_image = unpack([row.image_vector for row in rows], dimension=DIMENSION)
    table.put(
        TableRows(
            records=[to_record(product_pb2.Product.FromString(row.payload)) for row in rows],
            text=text,
            has_text=has_text,
            image=image,
            has_image=has_image,
            terms=from_blobs([row.terms for row in rows]),
            value_vectors=value_vectors(),
        )
    )
    return table


def same_numbers(table: ProductTable, other: ProductTable, *, ids: list[str]) -> None:
    found, expected = (each.reader().numbers(each.reader().rows(ids)) for each in (table, other))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("page_rows", [5, 23, 4_096])
def test_pages_of_any_size_fill_the_table_of_the_records(
    products: ProductRows, page_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "_PAGE_ROWS", page_rows)
    table = empty_table()

    load_table(table, products, dimension=DIMENSION)

    found, expected = table.reader().state, filled_by_records().reader().state
    count = len(RECORDS)
    every = np.arange(count, dtype=np.int32)
    assert found.columns.ids == expected.columns.ids == [record.id for record in RECORDS]
    assert found.row_of == expected.row_of
    for name in GROWING:
        ours, theirs = (getattr(each.columns, name).rows[:count] for each in (found, expected))
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
    for ours, theirs in zip(
        itertools.chain(found.columns.paths(every), [found.columns.vectors[: 2 * count]]),
        itertools.chain(expected.columns.paths(every), [expected.columns.vectors[: 2 * count]]),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert found.columns.term_rows(every).flat.tolist() == (
        expected.columns.term_rows(every).flat.tolist()
    )
    assert found.document_counts == expected.document_counts
    assert found.lacking == expected.lacking == [6, 8]
    for name in ("brands", "colors", "paths"):
        ours, theirs = (getattr(each.values, name) for each in (found, expected))
        assert (ours.written, ours.counts) == (theirs.written, theirs.counts)


def test_an_empty_store_fills_nothing(store: Store) -> None:
    rows = store.rows(store.generations.begin(catalog="shop", bundle="b", layout=1).number)
    table = empty_table()

    load_table(table, rows, dimension=DIMENSION)
    reload_table(table, rows, dimension=DIMENSION)

    assert len(table) == 0


def test_products_are_taken_up_and_dropped_as_they_are_stored(products: ProductRows) -> None:
    table = empty_table()
    load_table(table, products, dimension=DIMENSION)
    products.mark_deleting(["p03", "p07"])

    load_products(table, products, ids=["p03", "p05", "none"], dimension=DIMENSION)

    assert table.ids() == {record.id for record in RECORDS} - {"p03"}
    assert table.reader().rows(["p05"]).tolist() == [len(RECORDS)]
    same_numbers(table, filled_by_records(), ids=["p05", "p04"])

    reload_table(table, products, dimension=DIMENSION)

    assert table.ids() == {record.id for record in RECORDS} - {"p03", "p07"}
    same_numbers(table, filled_by_records(), ids=sorted(table.ids()))
