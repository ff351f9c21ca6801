"""What rankers learn from: a recorded search and what shoppers did with what it showed.

`server.feedback.search_store.SearchStore.judged` gives them one after the other::

    for search in store.judged("luma", since=monday, until=tuesday):
        rows = search.record.features                 # float32 (p, m), best place first
        for event in search.events:                   # in the order of their times
            place = event.position                    # from 1; 0 where nobody knows
            gain = GAINS[event.kind] if event.trusted else 0.0

An event counts for the search that it names, however late it came. Events of shoppers who act as no
shopper does are among them with ``trusted`` False, see `server.feedback.trust`.
"""

from __future__ import annotations

from dataclasses import dataclass

from server.feedback.event import EventKind
from server.feedback.search_record import SearchRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEvent:
    """One event of a search.

    Attributes:
        product: The product's id; one that the search did not show is possible.
        kind: What was done.
        position: As the event says, else where the search showed the product, from 1; 0 where it
            showed it at none of the places recorded.
        time_seconds: Unix time.
        user, session: Who; empty where unknown.
        quantity: Units bought, 0 of other kinds.
        revenue_micros, currency: What was paid; None and empty where unknown.
        trusted: Whether to learn from it.
    """

    product: str
    kind: EventKind
    position: int
    time_seconds: float
    user: str
    session: str
    quantity: int
    revenue_micros: int | None
    currency: str
    trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchWithEvents:
    """A search and its events in the order of their times; none where nobody did anything."""

    record: SearchRecord
    events: tuple[SearchEvent, ...]
