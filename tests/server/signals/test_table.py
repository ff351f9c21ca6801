from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from server.errors import NotFound
from server.signals import table as table_module
from server.signals.table import ProductTable, TableRows
from server.signals.terms import term_rows
from tests.server.signals.table_parts import merged, nan, product

Put = Callable[..., None]


def test_rows_are_found_by_id_and_ids_by_row(table: ProductTable, put: Put) -> None:
    put([product("a"), product("b")])
    put([product("c")])
    reader = table.reader()

    rows = reader.rows(["c", "missing", "a"])

    assert rows.dtype == np.int32
    assert rows.tolist() == [2, -1, 0]
    assert reader.ids_of(rows[[0, 2]]) == ("c", "a")
    assert len(reader) == len(table) == 3


def test_a_product_put_again_is_replaced_and_one_removed_is_gone(
    table: ProductTable, put: Put
) -> None:
    put([product("a", price=1.0), product("b", price=2.0)])
    put([product("a", price=3.0)])
    table.remove(["b", "missing", "b"])
    reader = table.reader()

    assert table.ids() == {"a"}
    assert reader.rows(["b"]).tolist() == [-1]
    columns = reader.gather(
        merged(reader, ["a"]),
        order=np.array([0], dtype=np.int32),
        score=np.array([0.5], dtype=np.float32),
        query_vector=np.array([1.0, 0.0], dtype=np.float32),
        now_seconds=0.0,
    )
    assert columns.price.tolist() == [3.0]


def test_rows_a_reader_holds_stay_as_they_were(table: ProductTable, put: Put) -> None:
    put([product("a", brand="Luma")])
    reader = table.reader()
    held = reader.rows(["a"])

    put([product("a", brand="Other"), product("b", brand="New")])

    assert reader.facets(held, field="brand", limit=5) == (("Luma", 1),)
    assert reader.facets(reader.rows(["a", "b"]), field="brand", limit=5) == (
        ("New", 1),
        ("Other", 1),
    )


def test_dead_rows_are_dropped_and_held_rows_stay(
    table: ProductTable, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_module, "_LEAST_DEAD_ROWS", 4)
    kept = product("kept", color="Red", category_paths=("A/B", "C"), price=7.0)
    put([kept], image={"kept": (0.0, 1.0)}, terms={"kept": {"title": [3, 5], "rest": [9]}})
    before = table.reader()
    held = before.rows(["kept"])
    for price in range(6):
        put([product("changing", price=float(price), brand=f"b{price}")])
    reader = table.reader()

    assert reader.rows(["kept", "changing"]).max() < 4
    for each, rows in ((before, held), (reader, reader.rows(["kept"]))):
        assert each.ids_of(rows) == ("kept",)
        assert each.facets(rows, field="category", limit=5) == (("A", 1), ("A/B", 1), ("C", 1))
        text, image = each.fill_similarities(
            rows,
            np.array([0.0, 1.0], dtype=np.float32),
            text_similarity=nan(1),
            image_similarity=nan(1),
        )
        assert (text.tolist(), image.tolist()) == ([0.0], [1.0])
    assert reader.document_frequency([3, 5, 9]).tolist() == [1, 1, 1]


def test_missing_similarities_are_filled_where_there_is_a_vector(
    table: ProductTable, put: Put
) -> None:
    put(
        [product("both"), product("text"), product("image")],
        text={"both": (1.0, 0.0), "text": (0.0, 1.0)},
        image={"both": (0.6, 0.8), "image": (0.8, 0.6)},
    )
    reader = table.reader()
    given = np.array([0.9, np.nan, np.nan], dtype=np.float32)

    text, image = reader.fill_similarities(
        reader.rows(["both", "text", "image"]),
        np.array([0.6, 0.8], dtype=np.float32),
        text_similarity=given,
        image_similarity=nan(3),
    )

    assert text[:2].tolist() == pytest.approx([0.9, 0.8], abs=5e-3)
    assert np.isnan(text[2])
    assert [image[0], image[2]] == pytest.approx([1.0, 0.96], abs=5e-3)
    assert np.isnan(image[1])
    assert np.isnan(given[1])


def test_filled_similarities_are_near_the_exact_ones() -> None:
    random = np.random.default_rng(3)
    vectors = random.standard_normal((500, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    records = [product(str(place)) for place in range(500)]
    table = ProductTable(dimension=384, fold=str.casefold)
    every = np.ones(500, dtype=bool)
    table.put(
        TableRows(
            records=records,
            text=vectors,
            has_text=every,
            image=vectors,
            has_image=~every,
            terms=term_rows([{} for _ in records]),
            value_vectors={},
        )
    )
    reader = table.reader()

    text, image = reader.fill_similarities(
        reader.rows([record.id for record in records]),
        vectors[0],
        text_similarity=nan(500),
        image_similarity=nan(500),
    )

    assert np.abs(text - vectors @ vectors[0]).max() < 3e-3
    assert np.isnan(image).all()
    assert reader.lacks("image")
    assert not reader.lacks("text")


def test_the_stored_vector_is_the_weighted_sum_of_both_views(table: ProductTable, put: Put) -> None:
    put(
        [product("both"), product("text"), product("image")],
        text={"both": (1.0, 0.0), "text": (0.0, 1.0)},
        image={"both": (0.0, 1.0), "image": (0.6, 0.8)},
    )
    reader = table.reader()

    both = reader.stored_vector("both")

    # F = 0.25 I + 0.75 T = (0.75, 0.25), and its norm is the root of 0.625.
    assert both.dtype == np.float32
    assert both.tolist() == pytest.approx([0.948683, 0.316228], abs=1e-5)
    assert reader.stored_vector("text").tolist() == [0.0, 1.0]
    assert reader.stored_vector("image").tolist() == pytest.approx([0.6, 0.8], abs=5e-3)
    with pytest.raises(NotFound) as caught:
        reader.stored_vector("missing")
    assert caught.value.reason == "PRODUCT_NOT_FOUND"


def test_what_lacks_a_vector_is_known(table: ProductTable, put: Put) -> None:
    assert not table.reader().lacks("text")
    put([product("a"), product("b")], text={"a": (1.0, 0.0)}, image={"a": (1.0, 0.0)})
    assert table.reader().lacks("text")
    assert table.reader().lacks("image")

    table.remove(["b"])

    assert not table.reader().lacks("text")
    assert not table.reader().lacks("image")


def test_terms_are_counted_once_a_product(table: ProductTable, put: Put) -> None:
    put(
        [product("a"), product("b")],
        terms={"a": {"title": [7, 7, 8], "brand": [7], "rest": [9]}, "b": {"title": [7]}},
    )
    assert table.reader().document_frequency([7, 8, 9, 10]).tolist() == [2, 1, 1, 0]

    put([product("a")], terms={"a": {"title": [8]}})
    table.remove(["b", "b"])

    assert table.reader().document_frequency([7, 8, 9]).tolist() == [0, 1, 0]
