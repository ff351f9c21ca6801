"""Events of shoppers in the store: recorded once, counted, and read back by who did them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Integer,
    bindparam,
    func,
    literal_column,
    select,
    union_all,
)

from server.catalog.changes import ChangeLog
from server.catalog.store import Store
from server.catalog.tables import catalogs, products
from server.errors import NotFound
from server.feedback.bulk import among, insert_new
from server.feedback.counting import count_key, day_of, increments
from server.feedback.counts import ProductCounts
from server.feedback.event import EventKind, RecentEvent, Recorded, ShopperEvent
from server.feedback.group_commit import GroupCommit
from server.feedback.tables import ACTED, counted, events, searches
from server.feedback.wiping import wipe_deleted

EVENTS_A_TRANSACTION: Final = 5_000
"""More wait for the next one, so that other writers come in between."""

Counted = Callable[[str], None]
"""Is told of a catalog in which this process has counted events, after they are durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """Events of one call, no id twice among them."""

    catalog: str
    events: tuple[ShopperEvent, ...]


class EventStore:
    """Records and reads events. Any thread.

    Raises (any method):
        Unavailable, DataCorrupted: as `server.catalog.database.Database`.
    """

    def __init__(self, store: Store, *, when_counted: Counted | None = None) -> None:
        self._database = store.database
        self._changes: ChangeLog = store.changes
        self._counts = ProductCounts(store.database)
        self._when_counted = when_counted
        self._group = GroupCommit(
            self._commit, size=lambda call: len(call.events), most=EVENTS_A_TRANSACTION
        )

    def record(self, catalog: str, given: Sequence[ShopperEvent]) -> Recorded:
        """Make events durable, each id of a catalog once; the first of an id counts.

        Raises:
            NotFound: the store has no such catalog.
        """
        first: dict[str, ShopperEvent] = {}
        for event in given:
            first.setdefault(event.event_id, event)
        held = self._held(catalog, {event.product for event in first.values()})
        if not first:
            return Recorded()
        known = self._known_searches({each.search_id for each in first.values() if each.search_id})
        new = self._group.submit(_Call(catalog=catalog, events=tuple(first.values())))
        recorded = [first[event_id] for event_id in new]
        searched = [event.search_id for event in recorded if event.search_id]
        return Recorded(
            recorded=len(recorded),
            duplicates=len(given) - len(recorded),
            unknown_products=sum(event.product not in held for event in recorded),
            unknown_searches=sum(each not in known for each in searched),
        )

    def recent(
        self,
        catalog: str,
        *,
        user: str = "",
        session: str = "",
        limit: int = 100,
        since_seconds: float = 0.0,
    ) -> tuple[RecentEvent, ...]:
        """Clicks, carts and purchases of the user or in the session, newest first."""
        asked = {name: who for name, who in (("user", user), ("session", session)) if who}
        if not asked:
            return ()
        given = {**asked, "catalog": catalog, "since": since_seconds, "most": limit}
        with self._database.read() as connection:
            rows = connection.execute(_DONE_BY[tuple(asked)], given).all()
        found: dict[str, RecentEvent] = {}
        # Those of the session come last and replace the same events found by their user.
        for event_id, product, kind, seconds, quantity, in_session in rows:
            if event_id in found and not in_session:
                continue
            found[event_id] = RecentEvent(
                product=product,
                kind=EventKind(kind),
                time_seconds=seconds,
                quantity=quantity or 1,
                in_session=bool(in_session),
            )
        newest = sorted(found.items(), key=lambda item: (-item[1].time_seconds, item[0]))
        return tuple(event for _, event in newest[:limit])

    def totals(self) -> dict[str, dict[EventKind, int]]:
        """How many events of each kind are kept, by catalog. It reads every event."""
        query = select(events.c.catalog, events.c.type, func.count()).group_by(
            events.c.catalog, events.c.type
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found: dict[str, dict[EventKind, int]] = {}
        for catalog, kind, number in sorted(tuple(row) for row in rows):
            found.setdefault(catalog, {})[EventKind(kind)] = number
        return found

    def _held(self, catalog: str, ids: Collection[str]) -> frozenset[str]:
        """Those of the products that the catalog holds."""
        served = select(catalogs.c.generation).where(catalogs.c.name == catalog)
        with self._database.read() as connection:
            generation = connection.execute(served).scalar_one_or_none()
            if generation is None:
                message = (
                    f"there is no catalog {catalog!r}; write its first product before its events"
                )
                raise NotFound(message, reason="CATALOG_NOT_FOUND", catalog=catalog)
            query = select(products.c.id).where(
                products.c.generation == generation, among(self._database, products.c.id, ids)
            )
            return frozenset(connection.execute(query).scalars())

    def _known_searches(self, ids: Collection[str]) -> frozenset[str]:
        if not ids:
            return frozenset()
        query = select(searches.c.search_id).where(among(self._database, searches.c.search_id, ids))
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def _commit(self, calls: Sequence[_Call]) -> list[list[str]]:
        """The ids of each call's events that are new, in one transaction for all calls."""
        owners: dict[tuple[str, str], tuple[int, ShopperEvent]] = {}
        for place, call in enumerate(calls):
            for event in call.events:
                owners.setdefault((call.catalog, event.event_id), (place, event))
        with self._database.write() as connection:
            wipe_deleted(self._database, connection)
            new = self._insert_new(connection, owners)
            counting = self._counting(connection, [(key[0], owners[key][1]) for key in new])
            for catalog, some in sorted(counting.items()):
                self._counts.add(connection, self._changes, catalog=catalog, added=increments(some))
        if self._when_counted is not None:
            for catalog in counting:
                self._when_counted(catalog)
        found: list[list[str]] = [[] for _ in calls]
        for key in new:
            found[owners[key][0]].append(key[1])
        return found

    def _insert_new(
        self,
        connection: Connection,
        owners: dict[tuple[str, str], tuple[int, ShopperEvent]],
    ) -> list[tuple[str, str]]:
        now = time.time()
        # In the order of keys: two replicas given the same events must not wait for each other.
        rows = [_columns(key[0], owners[key][1], now=now) for key in sorted(owners)]
        return sorted(insert_new(connection, self._database, events, rows))

    def _counting(
        self, connection: Connection, new: Sequence[tuple[str, ShopperEvent]]
    ) -> dict[str, list[ShopperEvent]]:
        """Those of the new events that count, by catalog."""
        keyed = [(count_key(catalog, event), catalog, event) for catalog, event in new]
        days = {key: day_of(event.time_seconds) for key, _, event in keyed if key is not None}
        rows = [{"key": key, "day": days[key]} for key in sorted(days)]
        left = {row[0] for row in insert_new(connection, self._database, counted, rows)}
        found: dict[str, list[ShopperEvent]] = {}
        for key, catalog, event in keyed:
            if key is not None:
                if key not in left:
                    continue
                left.remove(key)
            found.setdefault(catalog, []).append(event)
        return found


def _done_by(*names: str) -> CompoundSelect[str, str, int, float, int | None, int]:
    """Events of ``user``, ``session`` or both, newest first of each, as parameters say."""
    columns = events.c
    newest = (
        select(
            columns.event_id,
            columns.product,
            columns.type,
            columns.time_seconds,
            columns.quantity,
            literal_column(str(int(name == "session")), Integer).label("in_session"),
        )
        .where(
            ACTED,
            columns[name] == bindparam(name),
            columns.catalog == bindparam("catalog"),
            columns.time_seconds >= bindparam("since"),
        )
        .order_by(columns.time_seconds.desc())
        .limit(bindparam("most", type_=Integer))
        for name in names
    )
    return union_all(*(each.subquery().select() for each in newest))


# Built once: building costs more than asking.
_DONE_BY: Final[Mapping[tuple[str, ...], CompoundSelect[str, str, int, float, int | None, int]]] = {
    names: _done_by(*names) for names in (("user",), ("session",), ("user", "session"))
}


def _columns(catalog: str, event: ShopperEvent, *, now: float) -> dict[str, object]:
    return {
        "catalog": catalog,
        "event_id": event.event_id,
        "type": int(event.kind),
        "product": event.product,
        "time_seconds": event.time_seconds,
        "search_id": event.search_id,
        "position": event.position,
        "user": event.user,
        "session": event.session,
        "quantity": event.quantity,
        "revenue_micros": event.revenue_micros,
        "currency": event.currency,
        "received_seconds": now,
    }
