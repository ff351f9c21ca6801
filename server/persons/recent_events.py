"""Where what a shopper did lately comes from, and the products it was done to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from server.arrays import Int32Array
from server.feedback.event import RecentEvent
from server.signals.traits import Traits


class RecentEvents(Protocol):
    """Events of shoppers, as `server.feedback.event_store`'s. Request threads call, many at a time.

    Raises:
        OmnishelfError: the store does not answer.
    """

    def recent(
        self, catalog: str, *, user: str, session: str, limit: int, since_seconds: float
    ) -> Sequence[RecentEvent]:
        """The newest ``limit`` clicks, carts and purchases of the user or in the session.

        Newest first, since a Unix time; either of ``user`` and ``session`` may be empty and then
        takes no part. Impressions are left out.
        """


class TraitReader(Protocol):
    """Reads traits of one state of a catalog's table, such as `server.signals.reader`'s."""

    def rows(self, ids: Sequence[str]) -> Int32Array:
        """Rows int32 (n,) of product ids, -1 for one that is not in the catalog."""

    def traits(self, rows: Int32Array) -> Traits:
        """Traits of rows (n,), none of them -1."""
