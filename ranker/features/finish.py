"""How rows are made relative to the other candidates, all rows of the matrix in one pass each.

A call of numpy on 200 candidates costs what it costs for thousands of values, so one pass over the
rows of all families takes a fraction of a pass a family.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

import numpy as np
import numpy.typing as npt

from ranker.columns import Float32Array
from ranker.features.relative import best, standardised
from ranker.features.runs import Runs, falling, rising

_RowNumbers = npt.NDArray[np.intp]


class Finish(Enum):
    """What is done with the values a family gives; each as the function of that name in `relative`.

    Places and shares are taken of values as given, gaps of values that are standardised already
    where they are to be.
    """

    NONE = auto()
    STANDARDISED = auto()
    GAP_TO_BEST = auto()
    RECIPROCAL_RANK = auto()
    DENSE_RECIPROCAL_RANK = auto()
    SHARE_BELOW = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finisher:
    """Which rows of a matrix are made of which; every array holds row numbers.

    Attributes:
        standardised: Rows standardised in place.
        gaps, gaps_of: Rows that become gaps, and of which rows.
        ranked, ranked_of: The same of shares below, reciprocal ranks and dense ones, in this order.
        shares: How many of them are shares.
        sparse: How many of them are not dense.
    """

    standardised: _RowNumbers
    gaps: _RowNumbers
    gaps_of: _RowNumbers
    ranked: _RowNumbers
    ranked_of: _RowNumbers
    shares: int
    sparse: int

    @classmethod
    def of(cls, rows: Iterable[tuple[Finish, int, int]]) -> Self:
        """The finisher of rows told by finish, number, and number of the row they are made of."""
        found: dict[Finish, list[tuple[int, int]]] = {finish: [] for finish in Finish}
        for finish, row, source in rows:
            found[finish].append((row, source))
        shares, places = found[Finish.SHARE_BELOW], found[Finish.RECIPROCAL_RANK]
        gaps, gaps_of = _columns(found[Finish.GAP_TO_BEST])
        ranked, ranked_of = _columns([*shares, *places, *found[Finish.DENSE_RECIPROCAL_RANK]])
        return cls(
            standardised=_columns(found[Finish.STANDARDISED])[0],
            gaps=gaps,
            gaps_of=gaps_of,
            ranked=ranked,
            ranked_of=ranked_of,
            shares=len(shares),
            sparse=len(shares) + len(places),
        )

    def finish(self, rows: Float32Array) -> None:
        """Finish rows float32 (m, n) in place."""
        if len(self.ranked):
            rows[self.ranked] = self._ranks(rows.take(self.ranked_of, axis=0))
        if len(self.standardised):
            rows[self.standardised] = standardised(rows.take(self.standardised, axis=0))
        if len(self.gaps):
            sources = rows.take(self.gaps_of, axis=0)
            sources -= best(sources)
            rows[self.gaps] = sources

    def _ranks(self, given: Float32Array) -> Float32Array:
        """What the rows (k, n) in the order of ``ranked`` become."""
        keys = np.empty(given.shape, dtype=np.int32)
        keys[: self.shares] = rising(given[: self.shares])
        keys[self.shares :] = falling(given[self.shares :])
        runs = Runs.of(keys)
        ranks = np.empty(given.shape, dtype=np.float32)
        runs.put_below(ranks, ...)
        return ranks


def _columns(pairs: list[tuple[int, int]]) -> tuple[_RowNumbers, _RowNumbers]:
    numbers = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return numbers[:, 0].copy(), numbers[:, 1].copy()
