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
from ranker.features.relative import best, scale_gaps, standardised
from ranker.features.runs import Runs, rising

_RowNumbers = npt.NDArray[np.intp]


class Finish(Enum):
    """What is done with the values a family gives; each as the function of that name in `relative`.

    Ranks and shares are taken of values as given, gaps of values that are standardised already
    where they are to be. Whose share of candidates alike is asked for are codes: int32, written
    into the row bit by bit (``row.view(np.int32)``), as float32 would not hold them.
    """

    NONE = auto()
    STANDARDISED = auto()
    GAP_TO_BEST = auto()
    RECIPROCAL_RANK = auto()
    DENSE_RECIPROCAL_RANK = auto()
    MIN_MAX = auto()
    SHARE_BELOW = auto()
    SHARE_ALIKE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finisher:
    """Which rows of a matrix are made of which; every array holds row numbers.

    Attributes:
        standardised: Rows standardised in place.
        gaps, gaps_of: Rows that become gaps, and of which rows.
        min_max: Rows of gaps that are scaled in place; there are few.
        ranked, ranked_of: The same of shares alike, shares below, reciprocal ranks and dense ones,
            in this order.
        codes, shares, sparse: How many of them are shares alike, how many are shares, and how many
            are no dense ranks.
        signs: float32 (k - codes, 1), what all but codes are multiplied by, so that the lowest
            comes first.
    """

    standardised: _RowNumbers
    gaps: _RowNumbers
    gaps_of: _RowNumbers
    min_max: tuple[int, ...]
    ranked: _RowNumbers
    ranked_of: _RowNumbers
    codes: int
    shares: int
    sparse: int
    signs: Float32Array

    @classmethod
    def of(cls, rows: Iterable[tuple[Finish, int, int]]) -> Self:
        """The finisher of rows told by finish, number, and number of the row they are made of."""
        found: dict[Finish, list[tuple[int, int]]] = {finish: [] for finish in Finish}
        for finish, row, source in rows:
            found[finish].append((row, source))
        codes, shares = found[Finish.SHARE_ALIKE], found[Finish.SHARE_BELOW]
        places, dense = found[Finish.RECIPROCAL_RANK], found[Finish.DENSE_RECIPROCAL_RANK]
        gaps, gaps_of = _columns([*found[Finish.GAP_TO_BEST], *found[Finish.MIN_MAX]])
        ranked, ranked_of = _columns([*codes, *shares, *places, *dense])
        signs = np.full((len(ranked) - len(codes), 1), -1, dtype=np.float32)
        signs[: len(shares)] = 1
        return cls(
            standardised=_columns(found[Finish.STANDARDISED])[0],
            gaps=gaps,
            gaps_of=gaps_of,
            min_max=tuple(row for row, _ in found[Finish.MIN_MAX]),
            ranked=ranked,
            ranked_of=ranked_of,
            codes=len(codes),
            shares=len(codes) + len(shares),
            sparse=len(codes) + len(shares) + len(places),
            signs=signs,
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
        for row in self.min_max:
            scale_gaps(rows[row])

    def _ranks(self, given: Float32Array) -> Float32Array:
        """What the rows (k, n) in the order of ``ranked`` become."""
        codes, values = given[: self.codes].view(np.int32), given[self.codes :]
        keys = np.empty(given.shape, dtype=np.int32)
        keys[: self.codes] = codes
        keys[self.codes :] = rising(values * self.signs)
        runs = Runs.of(keys)
        counts = np.empty(given.shape, dtype=np.float32)
        counts[: self.codes] = runs.alike(slice(self.codes))
        counts[self.codes : self.sparse] = runs.below(slice(self.codes, self.sparse))
        counts[self.sparse :] = runs.distinct_below(slice(self.sparse, None))
        counts[: self.shares] /= np.float32(max(given.shape[1], 1))
        places = counts[self.shares :]
        places += 1
        np.divide(np.float32(1), places, out=places)
        ranks = runs.unsorted(counts)
        np.putmask(ranks[: self.codes], codes < 0, np.nan)
        np.putmask(ranks[self.codes :], np.isnan(values), np.nan)
        return ranks


def _columns(pairs: list[tuple[int, int]]) -> tuple[_RowNumbers, _RowNumbers]:
    numbers = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return numbers[:, 0].copy(), numbers[:, 1].copy()
