"""Rows read as columns are the rows."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, event

from server.catalog.rows import StoredProduct
from server.catalog.store import Store
from server.catalog.stored_columns import StoredColumns
from server.catalog.tables import RowState


def test_columns_are_those_of_the_rows(store: Store) -> None:
    rows = store.rows(store.generations.begin(catalog="shop", bundle="b", layout=1).number)
    rows.write_pending(
        [
            StoredProduct(id="b", payload=b"2", text_vector=b"t", image_vector=None, terms=b"x"),
            StoredProduct(id="a", payload=b"1", text_vector=None, image_vector=b"i", terms=b"y"),
            StoredProduct(id="c", payload=b"3", text_vector=None, image_vector=None, terms=b"z"),
        ],
        values={},
    )
    rows.mark_indexed(["a"])
    rows.mark_deleting(["c"])

    pages = list(rows.pages(size=10))

    assert pages == [
        StoredColumns(
            ids=["a", "b"],
            payloads=[b"1", b"2"],
            text_vectors=[None, b"t"],
            image_vectors=[b"i", None],
            terms=[b"y", b"x"],
            states=[RowState.INDEXED, RowState.PENDING],
        )
    ]
    assert [page.ids for page in rows.pages(size=1)] == [["a"], ["b"]]
    assert rows.columns(["b", "c", "d"]).payloads == [b"2"]
    assert len(rows.columns([])) == 0
    assert list(rows.chunks(size=10)) == [[rows.find(["a"])["a"], rows.find(["b"])["b"]]]
    assert [row.state for row in rows.unfinished(RowState.DELETING, limit=5)] == [RowState.DELETING]


def test_unfinished_rows_are_looked_for_in_their_own_index(tmp_path: Path) -> None:
    """Every start looks for them; among all rows that would take a tenth of its loading."""
    store = Store(f"sqlite:///{tmp_path / 'products.db'}")
    rows = store.rows(store.generations.begin(catalog="shop", bundle="b", layout=1).number)
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(
        _connection: Connection,
        _cursor: object,
        statement: str,
        parameters: tuple[object, ...],
        _context: object,
        _many: bool,  # noqa: FBT001 - the signature of the event
    ) -> None:
        asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert rows.unfinished(RowState.PENDING, limit=5) == []
    finally:
        event.remove(Engine, "before_cursor_execute", note)

    [(statement, parameters)] = asked
    with store.database.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    store.close()
    assert "products_unfinished (generation=? AND state=?)" in plan[0][3]
