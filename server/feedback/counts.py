"""Counts of products by type of event, for the columns in memory."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sqlalchemy import Connection, Select, select

from server.arrays import Float32Array
from server.catalog.changes import ChangeKind, ChangeLog
from server.catalog.database import Database
from server.feedback.bulk import many_rows
from server.feedback.counting import Increment
from server.feedback.tables import product_counts

_COLUMNS = (
    product_counts.c.impressions,
    product_counts.c.clicks,
    product_counts.c.carts,
    product_counts.c.purchases,
)


class ProductCounts:
    """Reads and adds to the counts. Any thread.

    Arrays are float32 (n, 4): impressions, clicks, carts, purchases; ids are in no order, and
    products are among them that the catalog does not hold. Counts only grow.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, catalog: str) -> tuple[list[str], Float32Array]:
        """Every product with events."""
        return self._read(self._query(catalog))

    def changed_since(self, catalog: str, number: int) -> tuple[list[str], Float32Array]:
        """Products counted by changes after ``number`` of the change log."""
        return self._read(self._query(catalog).where(product_counts.c.change > number))

    def add(
        self,
        connection: Connection,
        changes: ChangeLog,
        *,
        catalog: str,
        added: Mapping[str, Increment],
    ) -> None:
        """Add in the caller's transaction, as the last thing there, and log it as a change."""
        if not added:
            return
        # Until the transaction ends no other may count, so rows are locked in no order.
        number = changes.note(connection, ChangeKind.COUNTS, catalog=catalog)
        rows = [
            {
                "catalog": catalog,
                "product": product,
                "impressions": each.impressions,
                "clicks": each.clicks,
                "carts": each.carts,
                "purchases": each.purchases,
                "change": number,
            }
            for product, each in added.items()
        ]
        insert, given = many_rows(self._database, product_counts, rows)
        sums = {column.name: column + insert.excluded[column.name] for column in _COLUMNS}
        upsert = insert.on_conflict_do_update(
            index_elements=["catalog", "product"],
            set_={**sums, "change": insert.excluded["change"]},
        )
        connection.execute(upsert, given)

    def _query(self, catalog: str) -> Select[str, int, int, int, int]:
        return select(product_counts.c.product, *_COLUMNS).where(
            product_counts.c.catalog == catalog
        )

    def _read(self, query: Select[str, int, int, int, int]) -> tuple[list[str], Float32Array]:
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        numbers = np.array([tuple(row)[1:] for row in rows], dtype=np.float32).reshape(-1, 4)
        return [row[0] for row in rows], numbers
