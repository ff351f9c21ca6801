"""Recorded searches in the store: written in batches, read one by one and with their events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import Any, Final

import structlog
from sqlalchemy import Row, Select, select

from server.catalog.store import Store
from server.errors import DataCorrupted
from server.feedback import search_codec
from server.feedback.event import EventKind
from server.feedback.judged import SearchEvent, SearchWithEvents
from server.feedback.search_codec import Payload
from server.feedback.search_record import SearchRecord
from server.feedback.tables import events, searches
from server.feedback.trust import Suspects, TrustLimits, suspects
from server.feedback.wiping import wipe_deleted

_PAGE: Final = 200


class SearchStore:
    """Writes and reads searches. Any thread.

    Raises (any method):
        Unavailable: the store does not answer.
        DataCorrupted: the store, or the one search that `get` was asked for, is damaged.
    """

    def __init__(self, store: Store) -> None:
        self._database = store.database

    def write(self, records: Sequence[SearchRecord]) -> None:
        """Make searches durable; one whose id is there already stays as it is."""
        rows = [_columns(record) for record in sorted(records, key=lambda each: each.search_id)]
        if rows:
            insert = self._database.insert(searches).on_conflict_do_nothing()
            with self._database.write() as connection:
                wipe_deleted(self._database, connection)
                connection.execute(insert, rows)

    def get(self, search_id: str) -> SearchRecord | None:
        """One search; None where it is not known (any more)."""
        query = select(searches).where(searches.c.search_id == search_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _record(row)

    def iterate(
        self, catalog: str, *, since: float = 0.0, until: float = inf
    ) -> Iterator[SearchRecord]:
        """Searches from ``since`` to before ``until`` (Unix seconds) in the order of their times.

        They are read page by page: what is recorded meanwhile may be among them. One that is
        damaged is left out and logged.
        """
        for page in self._pages(catalog, since=since, until=until):
            yield from page

    def judged(
        self,
        catalog: str,
        *,
        since: float = 0.0,
        until: float = inf,
        limits: TrustLimits | None = None,
    ) -> Iterator[SearchWithEvents]:
        """The same searches with their events, whenever those were done."""
        with self._database.read() as connection:
            # Who is suspect is so for what was done after the last search too.
            suspected = suspects(
                connection, catalog, since=since, until=inf, limits=limits or TrustLimits()
            )
        for page in self._pages(catalog, since=since, until=until):
            found = self._events(catalog, page, suspected)
            for record in page:
                yield SearchWithEvents(record=record, events=tuple(found[record.search_id]))

    def _pages(self, catalog: str, *, since: float, until: float) -> Iterator[list[SearchRecord]]:
        columns = searches.c
        query = (
            select(searches)
            .where(columns.catalog == catalog, columns.time_seconds < until)
            .order_by(columns.time_seconds, columns.search_id)
            .limit(_PAGE)
        )
        after = columns.time_seconds >= since
        while rows := self._read(query.where(after)):
            yield _readable(rows)
            time, search_id = rows[-1].time_seconds, rows[-1].search_id
            after = (columns.time_seconds > time) | (
                (columns.time_seconds == time) & (columns.search_id > search_id)
            )
            after &= columns.time_seconds >= time  # what an index can start from

    def _read(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with self._database.read() as connection:
            return connection.execute(query).all()

    def _events(
        self, catalog: str, records: Sequence[SearchRecord], suspected: Suspects
    ) -> dict[str, list[SearchEvent]]:
        by_id = {record.search_id: record for record in records}
        query = (
            select(events)
            .where(events.c.search_id.in_(sorted(by_id)), events.c.catalog == catalog)
            .order_by(events.c.time_seconds, events.c.event_id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found: dict[str, list[SearchEvent]] = {search_id: [] for search_id in by_id}
        for row in rows:
            record = by_id[row.search_id]
            trusted = suspected.trusts(user=row.user, session=row.session)
            found[row.search_id].append(_event(row, record, trusted=trusted))
        return found


def _columns(record: SearchRecord) -> dict[str, object]:
    first, second = record.swapped or (None, None)
    payload = Payload(shown=record.shown, features=record.features, ranked=record.ranked)
    return {
        "search_id": _clean(record.search_id),
        "catalog": record.catalog,
        "time_seconds": record.time_seconds,
        "user": _clean(record.user) or None,
        "session": _clean(record.session) or None,
        "text": _clean(record.text),
        "ranker": record.ranker,
        "fingerprint": record.fingerprint,
        "encoder_bundle": record.encoder_bundle,
        "swapped_first": first,
        "swapped_second": second,
        "payload": search_codec.encode(payload),
    }


def _clean(text: str) -> str:
    """Without the one character that PostgreSQL does not store."""
    return text.replace("\0", "")


def _record(row: Row[Any]) -> SearchRecord:
    payload = search_codec.decode(row.payload)
    swapped = None
    if row.swapped_first is not None:
        swapped = (row.swapped_first, row.swapped_second)
    return SearchRecord(
        search_id=row.search_id,
        catalog=row.catalog,
        time_seconds=row.time_seconds,
        user=row.user or "",
        session=row.session or "",
        text=row.text,
        ranker=row.ranker,
        fingerprint=row.fingerprint,
        encoder_bundle=row.encoder_bundle,
        shown=payload.shown,
        features=payload.features,
        swapped=swapped,
        ranked=payload.ranked,
    )


def _readable(rows: Sequence[Row[Any]]) -> list[SearchRecord]:
    """Searches of rows without those that are damaged: one must not keep the others from use."""
    found: list[SearchRecord] = []
    for row in rows:
        try:
            found.append(_record(row))
        except DataCorrupted as error:
            log = structlog.get_logger()
            log.warning("search left out", search_id=row.search_id, reason=error.reason)
    return found


def _event(row: Row[Any], record: SearchRecord, *, trusted: bool) -> SearchEvent:
    position = row.position
    if position is None:
        position = record.shown.index(row.product) + 1 if row.product in record.shown else 0
    return SearchEvent(
        product=row.product,
        kind=EventKind(row.type),
        position=position,
        time_seconds=row.time_seconds,
        user=row.user or "",
        session=row.session or "",
        quantity=row.quantity or 0,
        revenue_micros=row.revenue_micros,
        currency=row.currency or "",
        trusted=trusted,
    )
