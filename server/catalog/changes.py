"""The log by which replicas follow each other's writes: a row a change, in the order of commits."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from sqlalchemy import Connection, delete, func, select, text

from server.catalog.database import Database
from server.catalog.tables import changes, settings

KEPT_SECONDS: Final = 3_600.0
"""How long a change stays; a replica that was away for longer loads everything anew."""

_ORDER_LOCK: Final = 0x6F6D6E6A
_FORGOTTEN: Final = "changes_forgotten"


class ChangeKind(IntEnum):
    """What a change is of, and what its key names."""

    PRODUCTS = 1
    """A product was written or removed; its id."""
    SIGNALS = 2
    """A product's price, stock, rating or sales changed; its id."""
    COUNTS = 3
    """Events of the catalog were counted; no key, `product_counts.change` is its number."""
    CATALOG = 4
    """Another build of the catalog is served; no key."""
    RULES = 5
    """A rule of the catalog was written or removed; its id."""
    RANKER = 6
    """Another ranker is served, in every catalog; no key."""
    PERSON = 7
    """A shopper was forgotten, in every catalog; no key, for the log keeps no pseudonym."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row of the log; ``own`` where this process wrote it."""

    number: int
    kind: ChangeKind
    catalog: str
    key: str
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """What a follower has not seen yet: changes in order, or that some of them are gone."""

    changes: tuple[Change, ...]
    incomplete: bool = False


class ChangeLog:
    """Writes and reads the log. Any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writer = uuid.uuid4().hex

    def note(
        self,
        connection: Connection,
        kind: ChangeKind,
        *,
        catalog: str = "",
        keys: Sequence[str] = ("",),
    ) -> int:
        """Log changes as the last thing in the transaction that makes them; the last one's number.

        Until the transaction ends others wait here, so that numbers rise in the order of commits
        and who has read up to one has missed nothing.
        """
        if self._database.dialect == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ORDER_LOCK})"))
        now = time.time()
        rows = [
            {
                "kind": int(kind),
                "catalog": catalog,
                "key": key,
                "writer": self._writer,
                "created_seconds": now,
            }
            for key in keys
        ]
        if rows:
            connection.execute(changes.insert(), rows)
        return _latest(connection)

    def latest(self) -> int:
        """Number of the last change, 0 before the first."""
        with self._database.read() as connection:
            return max(_latest(connection), _forgotten(connection))

    def since(self, number: int, *, limit: int = 10_000) -> Missed:
        """The changes after ``number``, at most ``limit`` of them."""
        query = select(changes).where(changes.c.number > number).order_by(changes.c.number)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit)).mappings().all()
            incomplete = _forgotten(connection) > number
        return Missed(
            changes=tuple(
                Change(
                    number=row["number"],
                    kind=ChangeKind(row["kind"]),
                    catalog=row["catalog"],
                    key=row["key"],
                    own=row["writer"] == self._writer,
                )
                for row in rows
            ),
            incomplete=incomplete,
        )

    def forget(self, *, before_seconds: float) -> int:
        """Drop changes older than a Unix time; how many."""
        old = changes.c.created_seconds < before_seconds
        with self._database.write() as connection:
            last = connection.execute(select(func.max(changes.c.number)).where(old)).scalar()
            if last is None:
                return 0
            dropped = connection.execute(delete(changes).where(changes.c.number <= last))
            insert = self._database.insert(settings)
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["key"], set_={"value": insert.excluded["value"]}
                ),
                {"key": _FORGOTTEN, "value": str(last).encode()},
            )
            return int(dropped.rowcount)


def _latest(connection: Connection) -> int:
    return int(connection.execute(select(func.max(changes.c.number))).scalar() or 0)


def _forgotten(connection: Connection) -> int:
    query = select(settings.c.value).where(settings.c.key == _FORGOTTEN)
    found = connection.execute(query).scalar()
    return int(found) if found else 0
