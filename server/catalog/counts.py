"""Counted events on their way into the tables of the builds that are served."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from server.arrays import Float32Array
from server.catalog.builds import Catalog
from server.catalog.changes import ChangeLog


class CountsSource(Protocol):
    """Stored counts: ids, each once, and float32 (n, 4) beside them.

    A row is impressions, clicks, carts and purchases of all time. Counts that were changed in the
    transaction of a `ChangeKind.COUNTS` are read together with that change's number. Any thread.
    """

    def all(self, catalog: str) -> tuple[Sequence[str], Float32Array]:
        """Every product of the catalog that something was counted for."""

    def changed_since(self, catalog: str, number: int) -> tuple[Sequence[str], Float32Array]:
        """Products whose counts were changed by changes after ``number``."""


class LiveCounts:
    """Brings tables up to date with the counts in the store. Any thread.

    Who counts calls it for what this process counted, replication for what others did. One reads
    and sets at a time, so that older counts never overwrite newer ones.
    """

    def __init__(self, *, source: CountsSource, changes: ChangeLog) -> None:
        self._source = source
        self._changes = changes
        self._taking = threading.Lock()
        self._seen: dict[int, int] = {}

    def take_up(self, catalog: Catalog, *, all_of_them: bool = False) -> None:
        """Set what was counted since the last time; all counts at first, and where asked for.

        Raises:
            Unavailable: the store does not answer; nothing is lost for the next time.
        """
        with self._taking:
            # Read first: what is committed in between is set twice rather than never.
            latest = self._changes.latest()
            seen = self._seen.get(catalog.generation)
            if seen is None or all_of_them:
                ids, counts = self._source.all(catalog.name)
            else:
                ids, counts = self._source.changed_since(catalog.name, seen)
            catalog.table.set_counts(ids, counts)
            self._seen[catalog.generation] = latest
