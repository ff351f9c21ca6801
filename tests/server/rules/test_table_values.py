"""What rules read out of a real product table is what the records say."""

from __future__ import annotations

import numpy as np

from server.catalog.record import ProductRecord
from server.retrieval.filters.fields import fold
from server.rules.table_values import TableValues
from server.signals.affinity import value_texts
from server.signals.table import ProductTable, TableRows
from server.signals.terms import term_rows
from tests.server.rules.rule_parts import ListedValues, product

SHOP = (
    product("P1", brand="Acme", color="Red", price=10.0, stock=0, rating=4.5, group_id="G"),
    product("P2", color="blue", stock=5, group_id="g", category_paths=("Men",)),
    product("P3", brand="ACME", price=30.5, category_paths=("Women / Tops", "Sale", "Women/Hats")),
)


def table_of(records: tuple[ProductRecord, ...]) -> ProductTable:
    table = ProductTable(dimension=2, fold=fold)
    nothing = np.zeros((len(records), 2), dtype=np.float32)
    absent = np.zeros(len(records), dtype=np.bool_)
    texts = {text for record in records for text in value_texts(record)}
    table.put(
        TableRows(
            records=records,
            text=nothing,
            has_text=absent,
            image=nothing,
            has_image=absent,
            terms=term_rows([{} for _ in records]),
            value_vectors={text: np.array([1, 0], dtype=np.float32) for text in texts},
        )
    )
    return table


def test_values_are_those_of_the_records() -> None:
    values = TableValues(table_of(SHOP)._state)
    listed = ListedValues(SHOP)
    rows = values.rows(["P3", "absent", "P1", "P2"])
    assert rows[1] == -1
    rows = rows[rows >= 0]
    ids = list(values.ids(rows))
    assert ids == ["P3", "P1", "P2"]
    same = listed.rows(ids)
    for field in ("price", "stock", "rating"):
        np.testing.assert_array_equal(values.numbers(field, rows), listed.numbers(field, same))
    assert [fold(each) for each in values.texts("brand", rows)] == ["acme", "acme", ""]
    assert values.texts("color", rows) == ["", "Red", "blue"]
    assert values.texts("group_id", rows) == ["P3", "G", "g"]
    assert [sorted(each) for each in values.paths(rows)] == [
        ["Sale", "Women/Hats", "Women/Tops"],
        [],
        ["Men"],
    ]


def test_no_rows_have_no_values() -> None:
    values = TableValues(table_of(SHOP)._state)
    none = np.empty(0, dtype=np.int32)
    assert len(values.ids(none)) == len(values.paths(none)) == len(values.texts("brand", none)) == 0
    assert values.numbers("price", none).shape == (0,)
