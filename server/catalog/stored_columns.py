"""Stored products as columns: thousands of rows read at once, without an object for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, literal_column, select

from server.catalog.tables import products

Rows: TypeAlias = "Select[str, bytes, bytes | None, bytes | None, bytes, int]"

ROWS: Final[Rows] = select(
    products.c.id,
    products.c.payload,
    products.c.text_vector,
    products.c.image_vector,
    products.c.terms,
    products.c.state,
)
"""Whole rows of every generation."""

# Word for word the condition of the index over such rows: for others it would not be used.
UNFINISHED: Final[ColumnElement[bool]] = products.c.state != literal_column("1")
"""Rows in any other state than INDEXED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredColumns:
    """n rows, with one entry a row in every column: see `server.catalog.rows.StoredProduct`."""

    ids: list[str]
    payloads: list[bytes]
    text_vectors: list[bytes | None]
    image_vectors: list[bytes | None]
    terms: list[bytes]
    states: list[int]

    def __len__(self) -> int:
        return len(self.ids)


def read_columns(connection: Connection, statement: Rows) -> StoredColumns:
    """The rows that a statement made of `ROWS` finds, in its order."""
    found = connection.execute(statement).all()
    return StoredColumns(
        ids=[row[0] for row in found],
        payloads=[row[1] for row in found],
        text_vectors=[row[2] for row in found],
        image_vectors=[row[3] for row in found],
        terms=[row[4] for row in found],
        states=[row[5] for row in found],
    )
