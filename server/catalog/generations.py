"""Generations of catalogs: which build of each is served, and how the next takes its place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from server.catalog.changes import ChangeKind, ChangeLog
from server.catalog.database import Database
from server.catalog.refusal import being_replaced
from server.catalog.tables import catalogs, generations, products, value_vectors
from server.errors import FailedPrecondition


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One build of a catalog with one encoder bundle.

    ``layout`` is the release's way of analysing and storing products; what was written by one
    layout is not read by another.
    """

    number: int
    catalog: str
    bundle: str
    layout: int


class Generations:
    """The builds in the store. Any thread; each method is one transaction."""

    def __init__(self, database: Database, *, changes: ChangeLog) -> None:
        self._database = database
        self._changes = changes

    def begin(self, *, catalog: str, bundle: str, layout: int) -> Generation:
        """Record a new build, not served yet. Its number was never used before."""
        statement = insert(generations).values(
            catalog=catalog, bundle=bundle, layout=layout, created_seconds=time.time()
        )
        with self._database.write() as connection:
            key = connection.execute(statement).inserted_primary_key
        number = int(key[0]) if key else 0
        return Generation(number=number, catalog=catalog, bundle=bundle, layout=layout)

    def served(self) -> dict[str, Generation]:
        """The build served of every catalog, by catalog name."""
        statement = select(
            catalogs.c.name, generations.c.number, generations.c.bundle, generations.c.layout
        ).join_from(catalogs, generations)
        with self._database.read() as connection:
            return {
                name: Generation(number=number, catalog=name, bundle=bundle, layout=layout)
                for name, number, bundle, layout in connection.execute(statement)
            }

    @contextmanager
    def replacing(self, catalog: str) -> Iterator[int | None]:
        """A block in which no process writes to the build served; its number, None without one.

        Writes under way end before the block begins; later ones are refused
        (`ProductRows.being_replaced`) until it ends, or the process does.

        Raises:
            Unavailable: ``CATALOG_BEING_REPLACED``, another process is in such a block.
        """
        served = self.served().get(catalog)
        if served is None:
            yield None
            return
        with self._database.marked(served.number) as taken:
            if not taken:
                raise being_replaced(catalog)
            with self._database.alone(served.number):
                pass
            yield served.number

    def unserved(self, catalog: str) -> list[Generation]:
        """Builds of a catalog that are not served: replaced, in the making, or left by a crash."""
        serving = select(catalogs.c.generation).where(catalogs.c.name == catalog)
        statement = (
            select(generations)
            .where(generations.c.catalog == catalog, generations.c.number.not_in(serving))
            .order_by(generations.c.number)
        )
        with self._database.read() as connection:
            return [
                Generation(number=row.number, catalog=catalog, bundle=row.bundle, layout=row.layout)
                for row in connection.execute(statement)
            ]

    def serve(self, generation: Generation, *, instead_of: int | None) -> None:
        """Serve a build from now on, in one step.

        Raises:
            FailedPrecondition: the catalog's build is not number ``instead_of`` (None: there is
                none yet): somebody else was faster.
        """
        with self._database.write() as connection:
            serving = connection.execute(
                select(catalogs.c.generation)
                .where(catalogs.c.name == generation.catalog)
                .with_for_update()
            ).scalar_one_or_none()
            if serving != instead_of:
                message = (
                    f"catalog {generation.catalog!r} was changed by another process meanwhile; "
                    "start again"
                )
                raise FailedPrecondition(message, reason="CATALOG_CHANGED")
            if serving is None:
                connection.execute(
                    insert(catalogs).values(name=generation.catalog, generation=generation.number)
                )
            else:
                connection.execute(
                    update(catalogs)
                    .where(catalogs.c.name == generation.catalog)
                    .values(generation=generation.number)
                )
            self._changes.note(connection, ChangeKind.CATALOG, catalog=generation.catalog)

    def drop(self, number: int) -> None:
        """Remove a build that is not served, with its rows."""
        with self._database.write() as connection:
            for table, column in (
                (products, products.c.generation),
                (value_vectors, value_vectors.c.generation),
                (generations, generations.c.number),
            ):
                connection.execute(delete(table).where(column == number))
