from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ranker.columns import AffinityField
from server.signals.table import ProductTable, TableRows
from server.signals.terms import term_rows
from tests.server.signals.table_parts import product

Put = Callable[..., None]


def test_affinities_stand_out_among_the_values_of_the_catalog(
    table: ProductTable, put: Put
) -> None:
    """Cosines with (1, 0) are the first components: colours 1, 0, -1; leaves 1, 0; paths 0.8, 0."""
    values = {
        "red": (1.0, 0.0),
        "green": (0.0, 1.0),
        "blue": (-1.0, 0.0),
        "women": (0.6, 0.8),
        "tops": (1.0, 0.0),
        "women tops": (0.8, 0.6),
        "pants": (0.0, 1.0),
        "women pants": (0.0, 1.0),
    }
    put(
        [
            product("a", color="Red", category_paths=("Women/Tops",)),
            product("b", color="green", category_paths=("Women/Pants", "women/tops")),
            product("c", color="Blue"),
            product("d", color="RED", brand="Only"),
        ],
        values=values,
    )
    reader = table.reader()

    found = reader.affinities(
        reader.rows(["a", "b", "c", "d"]), np.array([1.0, 0.0], dtype=np.float32)
    )

    # Mean 0, deviation sqrt(2 / 3) over the three colours.
    assert found[AffinityField.COLOR].tolist() == pytest.approx(
        [1.224745, 0.0, -1.224745, 1.224745], abs=1e-5
    )
    leaf, path = found[AffinityField.CATEGORY_LEAF], found[AffinityField.CATEGORY_PATH]
    assert leaf[:2].tolist() == pytest.approx([1.0, 1.0])
    assert path[:2].tolist() == pytest.approx([1.0, 1.0])
    assert np.isnan(leaf[2:]).all()
    assert np.isnan(path[2:]).all()
    # One root and one brand in the whole catalog: nothing to stand out from.
    assert np.isnan(found[AffinityField.CATEGORY_ROOT]).all()
    assert np.isnan(found[AffinityField.BRAND]).all()


def test_a_text_that_several_values_share_counts_once(table: ProductTable, put: Put) -> None:
    """Three paths end in two leaves, of cosines 0 and 1: mean 1/2, deviation 1/2."""
    values = dict.fromkeys(("women", "men", "pants", "women pants", "men pants"), (0.0, 1.0))
    values |= {"tops": (1.0, 0.0), "women tops": (1.0, 0.0)}
    put(
        [
            product("a", category_paths=("Women/Pants",)),
            product("b", category_paths=("Men/Pants",)),
            product("c", category_paths=("Women/Tops",)),
        ],
        values=values,
    )
    reader = table.reader()

    found = reader.affinities(reader.rows(["a", "b", "c"]), np.array([1.0, 0.0], dtype=np.float32))

    assert found[AffinityField.CATEGORY_LEAF].tolist() == pytest.approx([-1.0, -1.0, 1.0])


def test_a_shallow_path_beside_a_deeper_one_does_not_count(table: ProductTable, put: Put) -> None:
    """The promotion is what the query asks for, yet "a" is a pair of trousers first of all."""
    values = {"sale": (1.0, 0.0), "women": (0.0, 1.0), "women pants": (0.0, 1.0)}
    values |= {"pants": (-1.0, 0.0)}
    put(
        [
            product("a", category_paths=("Sale", "Women/Pants")),
            product("b", category_paths=("Sale",)),
        ],
        values=values,
    )
    reader = table.reader()
    rows = reader.rows(["a", "b"])

    leaf = reader.affinities(rows, np.array([1.0, 0.0], dtype=np.float32))[
        AffinityField.CATEGORY_LEAF
    ]

    assert leaf.tolist() == pytest.approx([-1.0, 1.0])
    counts = dict(reader.facets(rows, field="category", limit=10))
    assert counts["Sale"] == 2


def test_values_that_no_product_has_any_more_do_not_count(table: ProductTable, put: Put) -> None:
    colors = {"red": (1.0, 0.0), "green": (0.0, 1.0), "blue": (-1.0, 0.0)}
    put(
        [product("a", color="red"), product("b", color="green"), product("c", color="blue")],
        values=colors,
    )
    query = np.array([1.0, 0.0], dtype=np.float32)

    table.remove(["c"])

    reader = table.reader()
    color = reader.affinities(reader.rows(["a", "b"]), query)[AffinityField.COLOR]
    assert color.tolist() == pytest.approx([1.0, -1.0])
    put([product("b", color="red")], values=colors)
    reader = table.reader()
    assert np.isnan(reader.affinities(reader.rows(["a", "b"]), query)[AffinityField.COLOR]).all()


def test_values_equally_alike_do_not_stand_out(table: ProductTable, put: Put) -> None:
    put([product("a", color="red"), product("b", color="green")])
    reader = table.reader()

    found = reader.affinities(reader.rows(["a", "b"]), np.array([1.0, 0.0], dtype=np.float32))

    assert np.isnan(found[AffinityField.COLOR]).all()


def test_only_unknown_values_are_asked_for(table: ProductTable, put: Put) -> None:
    put([product("a", color="Red", category_paths=("Women/Tops",))])

    missing = table.missing_values(
        [
            product("b", color="RED", brand="Luma", category_paths=("Women / Tops", "Women")),
            product("c", color="red", brand="Luma", category_paths=("Men/Tops/",)),
        ]
    )

    assert missing == ["luma", "men", "men tops"]


def test_a_value_without_vector_refuses_the_whole_block(table: ProductTable) -> None:
    every = np.ones(1, dtype=bool)
    with pytest.raises(ValueError, match="red"):
        table.put(
            TableRows(
                records=[product("a", color="Red")],
                text=np.ones((1, 2), dtype=np.float32),
                has_text=every,
                image=np.ones((1, 2), dtype=np.float32),
                has_image=every,
                terms=term_rows([{}]),
                value_vectors={},
            )
        )

    assert table.ids() == set()
