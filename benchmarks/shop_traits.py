"""What profiles read of a shop's products, from the columns of its queries' candidates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.judged_shop import JudgedCandidates
from ranker.columns import Int8Array, Int32Array
from server.signals.traits import Traits


class ShopTraits:
    """A `server.persons.recent_events.TraitReader` over every product that was a candidate."""

    def __init__(self, asked: Sequence[JudgedCandidates]) -> None:
        first: dict[str, tuple[JudgedCandidates, int]] = {}
        for each in asked:
            for place, product in enumerate(each.products):
                first.setdefault(product, (each, place))
        self._row = {product: row for row, product in enumerate(first)}
        found = [(each.columns, place) for each, place in first.values()]
        self._traits = Traits(
            price=np.array([columns.price[place] for columns, place in found], np.float32),
            brand=np.array([columns.brand[place] for columns, place in found], np.int32),
            category=np.array([columns.category[place] for columns, place in found], np.int32),
            group=np.array([columns.group[place] for columns, place in found], np.int32),
            vectors=np.array([columns.vectors[place] for columns, place in found], np.int8),
        )

    @property
    def products(self) -> tuple[str, ...]:
        """Ids by row."""
        return tuple(self._row)

    @property
    def vectors(self) -> Int8Array:
        """int8 (p, d) by row."""
        return self._traits.vectors

    def rows(self, ids: Sequence[str]) -> Int32Array:
        """Rows int32 (n,), -1 for a product that was no candidate."""
        return np.array([self._row.get(each, -1) for each in ids], np.int32)

    def traits(self, rows: Int32Array) -> Traits:
        """Traits of rows (n,)."""
        every = self._traits
        return Traits(
            price=every.price[rows],
            brand=every.brand[rows],
            category=every.category[rows],
            group=every.group[rows],
            vectors=every.vectors[rows],
        )
