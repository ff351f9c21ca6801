"""Many rows in one statement, as each kind of database takes them fastest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, any_, bindparam, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from server.catalog.database import Database


def many_rows(
    database: Database, table: Table, rows: Sequence[Mapping[str, object]]
) -> tuple[postgresql.Insert | sqlite.Insert, list[dict[str, Any]] | dict[str, Any]]:
    """An insert of rows, all with the same columns, and the parameters to execute it with.

    PostgreSQL is given one array a column: with a parameter a value, reading the statement would
    take ten times as long as doing it.
    """
    insert = database.insert(table)
    if database.dialect == "sqlite":
        return insert, [dict(row) for row in rows]
    names = list(rows[0])
    arrays = [bindparam(name, type_=postgresql.ARRAY(table.c[name].type)) for name in names]
    given = func.unnest(*arrays).table_valued(*names).render_derived()
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in names}
    return insert.from_select(names, select(*given.c)), columns


def insert_new(
    connection: Connection, database: Database, table: Table, rows: Sequence[Mapping[str, object]]
) -> list[tuple[Any, ...]]:
    """Insert rows whose keys are not there; the keys of those inserted, in no order."""
    if not rows:
        return []
    insert, given = many_rows(database, table, rows)
    keys = table.primary_key.columns
    statement = insert.on_conflict_do_nothing().returning(*keys)
    return [tuple(row) for row in connection.execute(statement, given)]


def among(
    database: Database, column: ColumnElement[str], values: Collection[str]
) -> ColumnElement[bool]:
    """That a column has one of many values."""
    if database.dialect == "sqlite":
        return column.in_(sorted(values))
    return column == any_(literal(sorted(values), postgresql.ARRAY(column.type)))
