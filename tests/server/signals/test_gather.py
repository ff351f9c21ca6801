from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from ranker.columns import AffinityField, TermField
from server.signals.table import ProductTable
from tests.server.signals.table_parts import merged, product

Put = Callable[..., None]
DAY = 86_400.0


def test_candidates_are_gathered_in_order(table: ProductTable, put: Put) -> None:
    put(
        [
            product(
                "a",
                group_id="g",
                brand="Luma",
                color="Red",
                category_paths=("Sale", "Women/Tops"),
                price=8.0,
                list_price=10.0,
                stock=3,
                rating=4.5,
                rating_count=2,
                units_1_day=1,
                units_7_days=7,
                units_30_days=30,
                create_seconds=10 * DAY,
            ),
            product("b", group_id="g", brand="LUMA", price=5.0),
            product("c"),
        ],
        text={"a": (1.0, 0.0), "b": (0.0, 1.0)},
        terms={"a": {"title": [5, 3], "color": [9], "rest": [77]}, "b": {"title": [4]}},
    )
    reader = table.reader()

    columns = reader.gather(
        merged(reader, ["a", "b", "c"]),
        order=np.array([2, 0, 1], dtype=np.int32),
        score=np.array([0.2, 0.1, 0.3], dtype=np.float32),
        query_vector=np.array([1.0, 0.0], dtype=np.float32),
        now_seconds=12 * DAY,
    )

    assert len(columns) == 3
    assert columns.retrieval_score.tolist() == pytest.approx([0.3, 0.2, 0.1])
    assert columns.text_similarity.tolist() == [2, 0, 1]
    assert columns.image_similarity.tolist() == [12, 10, 11]
    assert columns.lexical_score.tolist() == [22, 20, 21]
    assert columns.price[1:].tolist() == [8.0, 5.0]
    assert columns.list_price[1:].tolist() == [10.0, 5.0]
    assert columns.rating_count.tolist() == [0.0, 2.0, 0.0]
    known = (columns.stock, columns.rating, columns.age_days)
    assert [column[1] for column in known] == [3.0, 4.5, 2.0]
    counts = (columns.impressions, columns.clicks, columns.carts, columns.purchases)
    assert all(column.tolist() == [0.0, 0.0, 0.0] for column in counts)
    units = (columns.units_1_day, columns.units_7_days, columns.units_30_days)
    assert [column[1] for column in units] == [1.0, 7.0, 30.0]
    assert all(np.isnan(column[[0, 2]]).all() for column in (*known, *units))
    assert np.isnan(columns.price[0])
    assert columns.brand.tolist() == [-1, 0, 0]
    assert columns.color.tolist() == [-1, 0, -1]
    assert columns.group[1] == columns.group[2] != columns.group[0]
    assert columns.category.tolist() == [-1, columns.category[1], -1]
    assert columns.category[1] >= 0
    assert columns.vectors.tolist() == [[0, 0], [127, 0], [0, 127]]
    title, color = columns.terms[TermField.TITLE], columns.terms[TermField.COLOR]
    assert (title.terms.tolist(), title.offsets.tolist()) == ([3, 5, 4], [0, 0, 2, 3])
    assert (color.terms.tolist(), color.offsets.tolist()) == ([9], [0, 0, 1, 1])
    assert set(columns.terms) == set(TermField)
    assert set(columns.affinities) == set(AffinityField)


def test_no_candidates_give_empty_columns(table: ProductTable, put: Put) -> None:
    put([product("a", color="red", category_paths=("A",))])
    reader = table.reader()

    columns = reader.gather(
        merged(reader, []),
        order=np.zeros(0, dtype=np.int32),
        score=np.zeros(0, dtype=np.float32),
        query_vector=np.array([1.0, 0.0], dtype=np.float32),
        now_seconds=0.0,
    )

    assert len(columns) == 0
    assert columns.vectors.shape == (0, 2)
    assert columns.terms[TermField.TITLE].offsets.tolist() == [0]
    assert all(len(column) == 0 for column in columns.affinities.values())


def test_facets_count_values_over_the_candidates(table: ProductTable, put: Put) -> None:
    put(
        [
            product("a", color="Red", brand="Luma", category_paths=("Women/Tops", "Women/Sale")),
            product("b", color="red", price=12.0, category_paths=("women/tops",)),
            product("c", color="Blue", price=18.0),
        ]
    )
    reader = table.reader()
    rows = reader.rows(["a", "b", "c"])

    assert reader.facets(rows, field="color", limit=10) == (("Red", 2), ("Blue", 1))
    assert reader.facets(rows, field="color", limit=1) == (("Red", 2),)
    assert reader.facets(rows, field="brand", limit=10) == (("Luma", 1),)
    assert reader.facets(rows, field="category", limit=10) == (
        ("Women", 2),
        ("Women/Tops", 2),
        ("Women/Sale", 1),
    )
    assert reader.facets(rows, field="price", limit=10) == (("12..14", 1), ("18..20", 1))


def test_readers_never_see_half_a_row(table: ProductTable, put: Put) -> None:
    """Every version of a product has its number in price, colour, vector and terms alike."""
    angles = np.linspace(0.1, 1.4, 150)
    failures: list[BaseException] = []
    done = threading.Event()

    def write() -> None:
        try:
            for version, angle in enumerate(angles):
                vector = (float(np.cos(angle)), float(np.sin(angle)))
                put(
                    [product("p", price=float(version), color=f"c{version}")],
                    text={"p": vector},
                    terms={"p": {"title": [version]}},
                    values={f"c{version}": vector},
                )
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            failures.append(error)
        finally:
            done.set()

    def read() -> None:
        try:
            query = np.array([1.0, 0.0], dtype=np.float32)
            while not done.is_set():
                reader = table.reader()
                candidates = merged(reader, ["p"])
                columns = reader.gather(
                    candidates,
                    order=np.array([0], dtype=np.int32),
                    score=np.zeros(1, dtype=np.float32),
                    query_vector=query,
                    now_seconds=0.0,
                )
                version = int(columns.price[0])
                assert columns.terms[TermField.TITLE].terms.tolist() == [version]
                assert columns.color.tolist() == [version]
                assert reader.facets(candidates.rows, field="color", limit=1) == (
                    (f"c{version}", 1),
                )
                assert columns.vectors[0, 0] == round(np.cos(angles[version]) * 127)
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            failures.append(error)

    put([product("p", price=0.0, color="c0")], text={"p": (np.cos(0.1), np.sin(0.1))},
        terms={"p": {"title": [0]}})  # fmt: skip
    threads = [threading.Thread(target=each, daemon=True) for each in (write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert table.reader().rows(["p"]).tolist() != [-1]
