"""Who acts as no shopper does: a script that opens everything, or one person paid to do so.

Nobody is refused, and nothing is stored of the suspicion: it is worked out from the events kept
whenever they are read to learn from, so that other limits, or more events, give another answer.
Counts need none of this, for there a visit counts once a day for a product
(`server.feedback.counting`).

Two signs, both of which studies of search logs use to tell people from programs (G. Buehrer,
J. Stokes, K. Chellapilla: A large-scale study of automated web search traffic, AIRWeb 2008;
N. Sadagopan, J. Li: Characterizing typical and atypical user sessions in clickstreams, WWW 2008):
a pace that people do not keep, and clicks on nearly all that is shown. The numbers are ours, far
from what shoppers do: a product every 36 seconds for an hour without a pause, and four of five
products opened of fifty or more seen, where shoppers open one in ten to fifty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    and_,
    case,
    cast,
    distinct,
    func,
    select,
)

from server.feedback.event import EventKind
from server.feedback.tables import ACTED, events

_HOUR_SECONDS = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustLimits:
    """From where on somebody is not trusted.

    Attributes:
        products_an_hour: Most distinct products that a person opens in one hour of the clock.
        click_share: Largest share of the products seen that a person opens,
        seen: where that many distinct products were seen, or more.
    """

    products_an_hour: int = 100
    click_share: float = 0.8
    seen: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """Sessions and users beyond the limits."""

    sessions: frozenset[str] = field(default_factory=frozenset)
    users: frozenset[str] = field(default_factory=frozenset)

    def trusts(self, *, user: str | None, session: str | None) -> bool:
        """Whether neither is suspect."""
        return user not in self.users and session not in self.sessions


def suspects(
    connection: Connection,
    catalog: str,
    *,
    since: float,
    until: float,
    limits: TrustLimits,
) -> Suspects:
    """Who is suspect for events from ``since`` to before ``until`` (Unix seconds)."""
    asked = _Asked(catalog=catalog, since=since, until=until, limits=limits)
    found = {
        name: frozenset(
            who
            for query in (_hasty(name, asked), _indiscriminate(name, asked))
            for who in connection.execute(query).scalars()
        )
        for name in ("session", "user")
    }
    return Suspects(sessions=found["session"], users=found["user"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    catalog: str
    since: float
    until: float
    limits: TrustLimits

    def within(self, table: FromClause) -> ColumnElement[bool]:
        return and_(
            table.c.catalog == self.catalog,
            table.c.time_seconds >= self.since,
            table.c.time_seconds < self.until,
        )


def _hasty(name: str, asked: _Asked) -> Select[Any]:
    who = events.c[name]
    hour = cast(func.floor(events.c.time_seconds / _HOUR_SECONDS), Integer)
    return (
        select(who)
        .where(who.is_not(None), events.c.type == EventKind.CLICK, ACTED, asked.within(events))
        .group_by(who, hour)
        .having(func.count(distinct(events.c.product)) > asked.limits.products_an_hour)
    )


def _indiscriminate(name: str, asked: _Asked) -> Select[Any]:
    limits = asked.limits
    # Most events are impressions; those of people who click little are not looked at.
    clicks = events.alias("clicks")
    busy = (
        select(clicks.c[name])
        .where(
            clicks.c[name].is_not(None),
            clicks.c.type == EventKind.CLICK,
            ACTED,
            asked.within(clicks),
        )
        .group_by(clicks.c[name])
        .having(func.count() > limits.click_share * limits.seen)
    )
    seen, opened = (
        func.count(distinct(case((events.c.type == kind, events.c.product))))
        for kind in (EventKind.IMPRESSION, EventKind.CLICK)
    )
    who = events.c[name]
    return (
        select(who)
        .where(who.in_(busy), events.c.type <= EventKind.CLICK, asked.within(events))
        .group_by(who)
        .having(seen >= limits.seen, opened > limits.click_share * seen)
    )
