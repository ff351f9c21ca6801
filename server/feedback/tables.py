"""The tables of events, what they add up to, and searches; the same in SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    text,
)

from server.catalog.tables import SCHEMA

_Number = BigInteger().with_variant(Integer, "sqlite")

events: Final = Table(
    "events",
    SCHEMA,
    Column("catalog", String(128), primary_key=True),
    Column("event_id", String(128), primary_key=True),
    Column("type", SmallInteger, nullable=False),
    Column("product", String(128), nullable=False),
    Column("time_seconds", Double, nullable=False, index=True),
    Column("search_id", String(128)),
    Column("position", Integer),
    Column("user", String(128)),
    Column("session", String(128)),
    Column("quantity", Integer),
    Column("revenue_micros", _Number),
    Column("currency", String(3)),
    Column("received_seconds", Double, nullable=False),
    comment="What shoppers did. NULL stands for: not said.",
)

# Both engines use such an index for `column = value`, which no NULL satisfies, and most events are
# impressions of unknown shoppers outside of any search.
_of_search = text("search_id IS NOT NULL")
_of_user = text('"user" IS NOT NULL')
_of_session = text("session IS NOT NULL")
Index(
    "events_of_search",
    events.c.search_id,
    sqlite_where=_of_search,
    postgresql_where=_of_search,
)
Index("events_of_user", events.c.user, sqlite_where=_of_user, postgresql_where=_of_user)
Index("events_of_session", events.c.session, sqlite_where=_of_session, postgresql_where=_of_session)

ACTED: Final = text("type >= 2")
"""Everything but impressions. An engine uses the indexes below for queries with these very words,
so that what somebody did lately is found however much they were shown."""

for _name in ("user", "session"):
    Index(
        f"events_done_by_{_name}",
        events.c[_name],
        events.c.catalog,
        events.c.time_seconds,
        sqlite_where=ACTED,
        postgresql_where=ACTED,
    )

counted: Final = Table(
    "counted",
    SCHEMA,
    Column("key", _Number, primary_key=True, autoincrement=False),
    Column("day", Integer, nullable=False, index=True),
    comment="What was counted already: hashes of visit, product, type and day.",
)

product_counts: Final = Table(
    "product_counts",
    SCHEMA,
    Column("catalog", String(128), primary_key=True),
    Column("product", String(128), primary_key=True),
    Column("impressions", _Number, nullable=False),
    Column("clicks", _Number, nullable=False),
    Column("carts", _Number, nullable=False),
    Column("purchases", _Number, nullable=False),
    Column("change", _Number, nullable=False),
    comment="Events of each product, and the change by which they were counted last.",
)
Index("product_counts_changed", product_counts.c.catalog, product_counts.c.change)

searches: Final = Table(
    "searches",
    SCHEMA,
    Column("search_id", String(128), primary_key=True),
    Column("catalog", String(128), nullable=False),
    Column("time_seconds", Double, nullable=False, index=True),
    Column("user", String(128)),
    Column("session", String(128)),
    Column("text", String, nullable=False),
    Column("ranker", String(200), nullable=False),
    Column("fingerprint", String(128), nullable=False),
    Column("encoder_bundle", String(200), nullable=False),
    Column("swapped_first", Integer),
    Column("swapped_second", Integer),
    Column("payload", LargeBinary, nullable=False),
    comment="Answered searches; `server.feedback.search_codec` writes the payload.",
)
Index("searches_of_user", searches.c.user, sqlite_where=_of_user, postgresql_where=_of_user)
Index(
    "searches_of_session",
    searches.c.session,
    sqlite_where=_of_session,
    postgresql_where=_of_session,
)
