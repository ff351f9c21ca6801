"""The SQL store of products: one object that opens it and hands out its parts."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from server.catalog.answers import Answers
from server.catalog.changes import ChangeLog
from server.catalog.database import Database
from server.catalog.generations import Generations
from server.catalog.kept_payloads import PayloadCache
from server.catalog.rows import ProductRows
from server.catalog.tables import settings
from server.errors import FailedPrecondition

SCHEMA_VERSION = b"1"


class Store:
    """Products, generations, answers and shared values in SQLite or PostgreSQL."""

    def __init__(self, url: str, *, product_cache_bytes: int = 0) -> None:
        """Open the store at ``sqlite:///FOLDER/FILE.db`` or ``postgresql://USER@HOST/DATABASE``.

        So many bytes of products that were shown are kept in memory.

        Raises:
            InvalidRequest: the address is malformed.
            Unavailable: the store does not answer.
            DataCorrupted: the file is not a database.
            FailedPrecondition: the store was written by another release.
        """
        self.database = Database(url)
        self._payloads = PayloadCache(product_cache_bytes)
        self.changes = ChangeLog(self.database)
        self.generations = Generations(self.database, changes=self.changes)
        self.answers = Answers(self.database)
        version = self.shared("schema", lambda: SCHEMA_VERSION)
        if version != SCHEMA_VERSION:
            self.close()
            message = (
                f"the product store has layout {version.decode()}, this release reads "
                f"{SCHEMA_VERSION.decode()}; index the catalogs again into a new store"
            )
            raise FailedPrecondition(message, reason="STORE_LAYOUT")

    def rows(self, generation: int) -> ProductRows:
        """The product rows of one generation."""
        return ProductRows(
            self.database,
            generation=generation,
            changes=self.changes,
            kept=self._payloads.of(generation),
        )

    def shared(self, key: str, make: Callable[[], bytes]) -> bytes:
        """A value all replicas agree on: the one stored, or what ``make`` gives at first."""
        statement = select(settings.c.value).where(settings.c.key == key)
        with self.database.read() as connection:
            value = connection.execute(statement).scalar_one_or_none()
        if value is not None:
            return bytes(value)
        insert = self.database.insert(settings)
        with self.database.write() as connection:
            connection.execute(insert.values(key=key, value=make()).on_conflict_do_nothing())
            return bytes(connection.execute(statement).scalar_one())

    def close(self) -> None:
        """Close every connection. Calling it again does nothing."""
        self.database.close()
