"""Product rows of one generation of a catalog in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, Update, bindparam, delete, func, select, update

from server.arrays import Float32Array
from server.catalog.changes import ChangeKind, ChangeLog
from server.catalog.database import Database
from server.catalog.kept_payloads import KeptPayloads
from server.catalog.standing import served_as
from server.catalog.stored_columns import ROWS, UNFINISHED, Rows, StoredColumns, read_columns
from server.catalog.tables import RowState, products, value_vectors

_SEEN = products.c.state != RowState.DELETING
_PAYLOADS = select(products.c.id, products.c.payload).where(
    products.c.generation == bindparam("generation"),
    products.c.id.in_(bindparam("ids", expanding=True)),
    _SEEN,
)

_WRITTEN = ("id", "payload", "text_vector", "image_vector", "terms")

_REWRITE = (
    update(products)
    .where(
        products.c.generation == bindparam("row_generation"), products.c.id == bindparam("row_id")
    )
    .values(payload=bindparam("new"))
)
_REWRITE_PENDING = _REWRITE.values(state=int(RowState.PENDING))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProduct:
    """One row: the serialized message, its vectors as float16 bytes, its terms as int32 bytes."""

    id: str
    payload: bytes
    text_vector: bytes | None
    image_vector: bytes | None
    terms: bytes
    state: RowState = RowState.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A product's new payload, and whether it must be indexed again."""

    payload: bytes
    pending: bool


class ProductRows:
    """Rows of one generation. Any thread; each method is one transaction.

    What makes or unmakes a product that others may see is noted in the log of changes by the same
    transaction. Writing to a generation in whose place another is served raises Unavailable.

    A row is written PENDING, then indexed, then marked INDEXED; it is marked DELETING, then taken
    out of the index, then deleted. So a row in any other state than INDEXED tells what was left to
    do when a process died. Rows that are DELETING are not found by reads.
    """

    def __init__(
        self, database: Database, *, generation: int, changes: ChangeLog, kept: KeptPayloads
    ) -> None:
        """``kept`` is told of every change here; who reads past it tells it of those elsewhere."""
        self.kept = kept
        self._database = database
        self._generation = generation
        self._changes = changes

    def alone(self) -> AbstractContextManager[None]:
        """A block in which no other process is that writes to these rows in such a block.

        A write is several transactions with the index in between; two that mingled could leave the
        index with one version of a product and the store with the other.
        """
        return self._database.alone(self._generation)

    def being_replaced(self) -> bool:
        """Whether some process writes the build that is to take the place of these rows."""
        return self._database.is_marked(self._generation)

    def write_pending(
        self, rows: Sequence[StoredProduct], *, values: Mapping[str, Float32Array]
    ) -> None:
        """Write rows as PENDING, replacing those of the same ids, and vectors of value texts."""
        if not rows:
            return
        insert = self._database.insert(products)
        upsert = insert.on_conflict_do_update(
            index_elements=["generation", "id"],
            set_={name: insert.excluded[name] for name in (*_WRITTEN[1:], "state")},
        )
        keep = self._database.insert(value_vectors).on_conflict_do_nothing()
        with (
            self.kept.changing([row.id for row in rows]),
            self._database.write() as connection,
        ):
            served_as(connection, generation=self._generation)
            connection.execute(upsert, [self._columns(row) for row in rows])
            if values:
                connection.execute(
                    keep,
                    [
                        {"generation": self._generation, "text": name, "vector": _bytes(vector)}
                        for name, vector in values.items()
                    ],
                )

    def rewrite(
        self, ids: Sequence[str], change: Callable[[Mapping[str, bytes]], Mapping[str, Rewritten]]
    ) -> dict[str, Rewritten]:
        """Replace payloads by what ``change`` makes of those that are there, in one transaction.

        What ``change`` raises undoes it. Rows that need not be indexed again stay as far as they
        were. Noted as changes of signals.
        """
        statement = _PAYLOADS.order_by(products.c.id).with_for_update()
        with self.kept.changing(ids), self._database.write() as connection:
            catalog = served_as(connection, generation=self._generation)
            found = connection.execute(
                statement, {"generation": self._generation, "ids": list(ids)}
            )
            rewritten = dict(change({row[0]: row[1] for row in found}))
            for pending in (False, True):
                written = [
                    {"row_generation": self._generation, "row_id": each, "new": new.payload}
                    for each, new in rewritten.items()
                    if new.pending is pending
                ]
                if written:
                    connection.execute(_REWRITE_PENDING if pending else _REWRITE, written)
            if catalog is not None and rewritten:
                self._changes.note(
                    connection, ChangeKind.SIGNALS, catalog=catalog, keys=list(rewritten)
                )
        return rewritten

    def mark_indexed(self, ids: Sequence[str], *, noted: bool = True) -> None:
        """PENDING rows of these ids are in the index now.

        ``noted`` is False where nothing changed but what was noted already.
        """
        if not ids:
            return
        with self._database.write() as connection:
            catalog = served_as(connection, generation=self._generation)
            connection.execute(
                self._update(ids)
                .where(products.c.state == RowState.PENDING)
                .values(state=int(RowState.INDEXED))
            )
            if catalog is not None and noted:
                self._changes.note(connection, ChangeKind.PRODUCTS, catalog=catalog, keys=list(ids))

    def mark_deleting(self, ids: Sequence[str]) -> list[str]:
        """Take rows out of sight before they leave the index; the ids that were there."""
        with self.kept.changing(ids), self._database.write() as connection:
            catalog = served_as(connection, generation=self._generation)
            statement = (
                self._update(ids)
                .where(_SEEN)
                .values(state=int(RowState.DELETING))
                .returning(products.c.id)
            )
            there = list(connection.execute(statement).scalars())
            if catalog is not None and there:
                self._changes.note(connection, ChangeKind.PRODUCTS, catalog=catalog, keys=there)
        return there

    def mark_all_pending(self) -> None:
        """Every row must be indexed again."""
        with self._database.write() as connection:
            connection.execute(
                update(products)
                .where(products.c.generation == self._generation, _SEEN)
                .values(state=int(RowState.PENDING))
            )

    def delete(self, ids: Sequence[str]) -> None:
        """Remove DELETING rows of these ids."""
        with self._database.write() as connection:
            connection.execute(
                delete(products).where(
                    products.c.generation == self._generation,
                    products.c.id.in_(ids),
                    products.c.state == RowState.DELETING,
                )
            )

    def unfinished(self, state: RowState, *, limit: int) -> list[StoredProduct]:
        """Any rows that are PENDING or DELETING, up to ``limit``, in the order of their ids."""
        # Ordered by the database they would be looked for among all rows, not in their own index.
        found = self._read(self._rows(UNFINISHED, products.c.state == state).limit(limit))
        return sorted(_products(found), key=lambda row: row.id)

    def get_many(self, ids: Sequence[str]) -> dict[str, bytes]:
        """Payloads by id, in any order; ids that are not there are left out."""
        with self._database.read() as connection:
            found = connection.execute(
                _PAYLOADS, {"generation": self._generation, "ids": list(ids)}
            )
            return {row[0]: row[1] for row in found}

    def find(self, ids: Sequence[str]) -> dict[str, StoredProduct]:
        """Whole rows by id; ids that are not there are left out."""
        return {row.id: row for row in _products(self.columns(ids))}

    def page(self, *, after_id: str, limit: int) -> list[tuple[str, bytes]]:
        """Ids and payloads in the order of their ids' bytes, from the first after ``after_id``."""
        statement = (
            select(products.c.id, products.c.payload)
            .where(products.c.generation == self._generation, products.c.id > after_id, _SEEN)
            .order_by(products.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [(row[0], row[1]) for row in connection.execute(statement)]

    def count(self) -> int:
        """How many products there are."""
        statement = (
            select(func.count())
            .select_from(products)
            .where(products.c.generation == self._generation, _SEEN)
        )
        with self._database.read() as connection:
            return int(connection.execute(statement).scalar_one())

    def columns(self, ids: Sequence[str]) -> StoredColumns:
        """As `find`, by column, in any order."""
        return self._read(self._rows(products.c.id.in_(ids), _SEEN))

    def pages(self, *, size: int) -> Iterator[StoredColumns]:
        """All rows in the order of their ids, ``size`` at a time, each page read at its turn."""
        after_id = ""
        while page := self._read(
            self._rows(products.c.id > after_id, _SEEN).order_by(products.c.id).limit(size)
        ):
            yield page
            after_id = page.ids[-1]

    def chunks(self, *, size: int) -> Iterator[list[StoredProduct]]:
        """As `pages`, by row."""
        return map(_products, self.pages(size=size))

    def value_vectors(self, texts: Sequence[str] | None = None) -> dict[str, Float32Array]:
        """Unit vectors float32 (d,) of value texts: of all that were written, if none are named."""
        statement = select(value_vectors.c.text, value_vectors.c.vector).where(
            value_vectors.c.generation == self._generation
        )
        if texts is not None:
            statement = statement.where(value_vectors.c.text.in_(texts))
        with self._database.read() as connection:
            found = connection.execute(statement)
            return {row[0]: np.frombuffer(row[1], dtype="<f4") for row in found}

    def _update(self, ids: Sequence[str]) -> Update:
        return update(products).where(
            products.c.generation == self._generation, products.c.id.in_(ids)
        )

    def _rows(self, *seen: ColumnElement[bool]) -> Rows:
        return ROWS.where(products.c.generation == self._generation, *seen)

    def _read(self, statement: Rows) -> StoredColumns:
        with self._database.read() as connection:
            return read_columns(connection, statement)

    def _columns(self, row: StoredProduct) -> dict[str, object]:
        written = {name: getattr(row, name) for name in _WRITTEN}
        return {"generation": self._generation, **written, "state": int(RowState.PENDING)}


def _products(found: StoredColumns) -> list[StoredProduct]:
    return [
        StoredProduct(
            id=product_id,
            payload=found.payloads[place],
            text_vector=found.text_vectors[place],
            image_vector=found.image_vectors[place],
            terms=found.terms[place],
            state=RowState(found.states[place]),
        )
        for place, product_id in enumerate(found.ids)
    ]


def _bytes(vector: Float32Array) -> bytes:
    return vector.astype("<f4").tobytes()
