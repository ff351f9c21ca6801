"""Connections to SQLite or PostgreSQL, and what their failures mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from server.catalog.file_turns import FileTurns
from server.catalog.tables import SCHEMA
from server.errors import DataCorrupted, InvalidRequest, Unavailable, Violation

_BUSY_MILLISECONDS = 10_000
_CONNECTIONS = 16
_SCHEMA_LOCK: Final = 0x6F6D6E69
_ALONE_LOCK: Final = 0x6F6D6E
_MARK_LOCK: Final = 0x6F6D6D
_MARK_MILLISECONDS: Final = 1_000
_LOCK_NOT_AVAILABLE: Final = "55P03"
_SQLITE_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    # A product is acknowledged as durable: FULL syncs the log at every commit, so that it outlives
    # a power cut too. NORMAL would lose the last commits then.
    "PRAGMA synchronous = FULL",
    f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}",
    "PRAGMA foreign_keys = ON",
)


class Database:
    """A pool of connections; any thread may read or write.

    Raises (any method):
        Unavailable: the database does not answer, or is locked for longer than ten seconds.
        DataCorrupted: the file is not a database, or damaged.
    """

    def __init__(self, url: str) -> None:
        """Connect and make the tables that are not there.

        Raises:
            InvalidRequest: the address is malformed or names neither SQLite nor PostgreSQL.
        """
        parsed = _checked(url)
        self.dialect = parsed.get_backend_name()
        self._turns = FileTurns(Path(f"{parsed.database}.turns"))
        self._engine = create_engine(
            parsed,
            pool_size=_CONNECTIONS,
            max_overflow=_CONNECTIONS,
            pool_pre_ping=self.dialect != "sqlite",
        )
        if self.dialect == "sqlite":
            Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
            event.listen(self._engine, "connect", _prepare_sqlite)
            self._reading = self._engine
        else:
            self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        with self.write() as connection:
            if self.dialect == "postgresql":
                # Replicas that start together make the tables one after the other.
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})"))
            SCHEMA.create_all(connection)

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An insert that can say what happens to a key that is there already."""
        return sqlite.insert(table) if self.dialect == "sqlite" else postgresql.insert(table)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for single statements that change nothing."""
        with _translated(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: committed at the end, rolled back on any exception."""
        with _translated(), self._engine.begin() as connection:
            if self.dialect == "sqlite":
                # A transaction that reads first and writes later could not wait for another one.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def alone(self, number: int, *, wait_seconds: float | None = None) -> Iterator[None]:
        """A block that one process at a time enters for a number (0 to 2**31 - 1).

        In SQLite these are the processes of one machine (see `FileTurns`).

        Raises:
            Unavailable: another process was in its block for longer than ``wait_seconds``, ten
                unless they are given.
        """
        milliseconds = _BUSY_MILLISECONDS if wait_seconds is None else round(wait_seconds * 1000)
        if self.dialect == "sqlite":
            with self._turns.alone(number, wait_seconds=milliseconds / 1000) as entered:
                if not entered:
                    raise _busy()
                yield
            return
        key = {"key": (_ALONE_LOCK << 32) + number}
        with _translated(), self._reading.connect() as connection:
            connection.exec_driver_sql(f"SET lock_timeout = {milliseconds}")
            try:
                connection.execute(text("SELECT pg_advisory_lock(:key)"), key)
            finally:
                connection.exec_driver_sql("RESET lock_timeout")
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)

    @contextmanager
    def marked(self, number: int) -> Iterator[bool]:
        """A block during which a number (0 to 2**31 - 1) is marked; False if another marked it.

        Every process sees the mark, in SQLite every one of this machine, and it ends with the
        process that made it.
        """
        if self.dialect == "sqlite":
            with self._turns.marked(number) as taken:
                yield taken
            return
        key = {"key": (_MARK_LOCK << 32) + number}
        with _translated(), self._reading.connect() as connection:
            # Those who look hold the lock for a moment.
            connection.exec_driver_sql(f"SET lock_timeout = {_MARK_MILLISECONDS}")
            try:
                connection.execute(text("SELECT pg_advisory_lock(:key)"), key)
                taken = True
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                    raise
                taken = False
            finally:
                connection.exec_driver_sql("RESET lock_timeout")
            try:
                yield taken
            finally:
                if taken:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)

    def is_marked(self, number: int) -> bool:
        """Whether some process has `marked` the number."""
        if self.dialect == "sqlite":
            return self._turns.is_marked(number)
        key = {"key": (_MARK_LOCK << 32) + number}
        look = text("SELECT pg_try_advisory_lock_shared(:key)")
        with self.read() as connection:
            free = bool(connection.execute(look, key).scalar())
            if free:
                connection.execute(text("SELECT pg_advisory_unlock_shared(:key)"), key)
        return not free

    def close(self) -> None:
        """Close every connection. Calling it again does nothing."""
        self._engine.dispose()


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = URL.create("unreadable")
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    description = (
        "is not an address of a store; write sqlite:///FOLDER/FILE.db or "
        "postgresql://USER@HOST/DATABASE"
    )
    raise InvalidRequest(
        [Violation(field="store.url", reason="STORE_URL", description=description)]
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    # Transactions are begun by `Database.write` alone; the driver would begin them too late.
    connection.isolation_level = None
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(pragma)


def _busy() -> Unavailable:
    message = "another process keeps its turn to write; send the call again"
    return Unavailable(message, reason="STORE_UNAVAILABLE")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        message = "the product store does not answer; check its address, its disk and its load"
        raise Unavailable(message, reason="STORE_UNAVAILABLE") from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:
            raise
        message = "the product store is damaged or is not a database; restore it from a backup"
        raise DataCorrupted(message, reason="STORE_CORRUPTED") from error
