"""Erases one shopper, and counts afterwards what still carries the pseudonym."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, delete, func, select, tuple_, union

from server.catalog.changes import ChangeKind
from server.catalog.store import Store
from server.feedback.counting import count_key
from server.feedback.event import EventKind, ShopperEvent
from server.feedback.tables import counted, events, searches
from server.feedback.wiping import empty_log, wipe_deleted

_BATCH: Final = 2_000
_SESSIONS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was erased, and how many rows still carry the pseudonym: 0."""

    events: int
    searches: int
    remaining: int


class Forgetting:
    """Erases shoppers from every catalog. Any thread.

    Erased are all events and searches with the user's pseudonym and, of every visit that carried
    it, those that carry none: whoever signs in has come before without a name. What another user
    did in the same visit stays.

    Raises (any method):
        Unavailable, DataCorrupted: the store does not answer; some may be erased, ask again.
    """

    def __init__(
        self,
        store: Store,
        *,
        flush: Callable[[], None],
        when_forgotten: Callable[[str], None] | None = None,
    ) -> None:
        """``flush`` writes the searches that wait in memory, so that they are erased too.

        ``when_forgotten`` drops what this process remembers of a user; other replicas hear of it by
        the change log, without the name.
        """
        self._database = store.database
        self._changes = store.changes
        self._flush = flush
        self._when_forgotten = when_forgotten

    def forget(self, user: str) -> Forgotten:
        """Erase a user; what is left is counted in a transaction of its own, after the erasure.

        A search that another replica answered in the last second may still be written after it.
        """
        self._flush()
        erased_events = erased_searches = 0
        sessions = self._sessions(user)
        # What carries the pseudonym goes last: it is what tells the visits if this is cut short.
        for place in range(0, len(sessions), _SESSIONS):
            some = sessions[place : place + _SESSIONS]
            erased_events += self._erase(events, _nameless(events, some))
            erased_searches += self._erase(searches, _nameless(searches, some))
        erased_events += self._erase(events, events.c.user == user)
        erased_searches += self._erase(searches, searches.c.user == user)
        with self._database.write() as connection:
            self._changes.note(connection, ChangeKind.PERSON)
        if self._when_forgotten is not None:
            self._when_forgotten(user)
        empty_log(self._database)
        return Forgotten(
            events=erased_events, searches=erased_searches, remaining=self.remaining(user)
        )

    def remaining(self, user: str) -> int:
        """How many rows carry the pseudonym now."""
        with self._database.read() as connection:
            return sum(
                connection.execute(
                    select(func.count()).select_from(table).where(table.c.user == user)
                ).scalar_one()
                for table in (events, searches)
            )

    def _sessions(self, user: str) -> list[str]:
        query = union(
            *(
                select(table.c.session).where(table.c.user == user, table.c.session.is_not(None))
                for table in (events, searches)
            )
        )
        with self._database.read() as connection:
            return sorted(connection.execute(query).scalars())

    def _erase(self, table: Table, condition: ColumnElement[bool]) -> int:
        """Delete rows, some at a time so that others can write in between; how many."""
        keys = tuple(table.primary_key.columns)
        erased = 0
        while True:
            with self._database.write() as connection:
                wipe_deleted(self._database, connection)
                rows = connection.execute(select(table).where(condition).limit(_BATCH)).all()
                if not rows:
                    return erased
                named = [tuple(getattr(row, key.name) for key in keys) for row in rows]
                connection.execute(delete(table).where(tuple_(*keys).in_(named)))
                if table is events:
                    connection.execute(delete(counted).where(counted.c.key.in_(_keys(rows))))
                erased += len(rows)


def _nameless(table: Table, sessions: Sequence[str]) -> ColumnElement[bool]:
    return table.c.session.in_(sessions) & table.c.user.is_(None)


def _keys(rows: Sequence[Row[Any]]) -> list[int]:
    """What was kept of the events so that they count once: a hash of the visit is a trace too."""
    keys = (
        count_key(
            row.catalog,
            ShopperEvent(
                event_id=row.event_id,
                kind=EventKind(row.type),
                product=row.product,
                time_seconds=row.time_seconds,
                user=row.user,
                session=row.session,
            ),
        )
        for row in rows
    )
    return sorted({key for key in keys if key is not None})
