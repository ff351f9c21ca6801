"""Counts of products that are not in the table: not yet, or not any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from server.arrays import Float32Array
from server.signals.columns import COUNTS

MOST_AWAITED = 10_000
"""Products remembered; of more the ones first counted are forgotten, until the next restart."""


class AwaitedCounts:
    """Remembers counts until their product comes. Only the table's writer uses it."""

    def __init__(self) -> None:
        self._counts: dict[str, Float32Array] = {}

    def keep(self, ids: Iterable[str], counts: Float32Array) -> None:
        """Remember the counts (n, 4) of ids that are not there; all zeros are nothing."""
        for product_id, row in zip(ids, counts, strict=True):
            self._counts.pop(product_id, None)
            if row.any():
                self._counts[product_id] = row.copy()
        while len(self._counts) > MOST_AWAITED:
            del self._counts[next(iter(self._counts))]

    def take(self, ids: Sequence[str]) -> Float32Array:
        """Counts float32 (n, 4) of ids that come now, zeros where none are known."""
        counts = np.zeros((len(ids), COUNTS.stop - COUNTS.start), dtype=np.float32)
        for place, product_id in enumerate(ids if self._counts else ()):
            if (row := self._counts.pop(product_id, None)) is not None:
                counts[place] = row
        return counts
