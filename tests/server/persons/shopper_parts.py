"""A small catalog and a store of events in memory: what profiles are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from server.arrays import Int32Array
from server.errors import Unavailable
from server.feedback.event import EventKind, RecentEvent
from server.signals.traits import Traits

NOW = 1_800_000_000.0
DAY = 86_400.0
NAN = float("nan")


class SmallCatalog:
    """Four products: two dear red things of one brand, a cheap one of another, one unknown."""

    ids = ("red1", "red2", "cheap", "bare")
    table = Traits(
        price=np.array([100, 100, 1, NAN], dtype=np.float32),
        brand=np.array([3, 3, 8, -1], dtype=np.int32),
        category=np.array([1, 2, 2, -1], dtype=np.int32),
        group=np.array([10, 10, 11, -1], dtype=np.int32),
        vectors=np.array([[127, 0], [127, 0], [0, 127], [0, 0]], dtype=np.int8),
    )

    def rows(self, ids: Sequence[str]) -> Int32Array:
        return np.array(
            [self.ids.index(each) if each in self.ids else -1 for each in ids], dtype=np.int32
        )

    def traits(self, rows: Int32Array) -> Traits:
        return Traits(**{name: getattr(self.table, name)[rows] for name in Traits.__slots__})


@dataclass
class Recorded:
    """`RecentEvents` that gives what it is told, and remembers what it was asked."""

    events: Sequence[RecentEvent] = ()
    fails: bool = False
    asked: list[dict[str, object]] = field(default_factory=list)

    def recent(
        self, catalog: str, *, user: str, session: str, limit: int, since_seconds: float
    ) -> Sequence[RecentEvent]:
        self.asked.append(
            {
                "catalog": catalog,
                "user": user,
                "session": session,
                "limit": limit,
                "since_seconds": since_seconds,
            }
        )
        if self.fails:
            raise Unavailable("the store does not answer", reason="STORE_UNAVAILABLE")
        return self.events[:limit]


def event(product: str, kind: EventKind = EventKind.CLICK, **said: object) -> RecentEvent:
    days_ago = float(str(said.get("days_ago", 0)))
    return RecentEvent(
        product=product,
        kind=kind,
        time_seconds=float(str(said.get("at", NOW - days_ago * DAY))),
        quantity=1,
        in_session=bool(said.get("in_session", False)),
    )
