"""Every product's columns, one row a product, appended; only the numbers are changed in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ranker.columns import TermColumn, TermField
from server.arrays import BoolArray, Float32Array, Int8Array, Int32Array, Int64Array
from server.signals.growing import GrowingArray
from server.signals.ragged import gather_lists, offsets_of
from server.signals.terms import LISTS, TermRows

NUMBERS: Final = (
    "price",
    "list_price",
    "stock",
    "rating",
    "rating_count",
    "units_1_day",
    "units_7_days",
    "units_30_days",
    "created_days",
    "impressions",
    "clicks",
    "carts",
    "purchases",
)
"""What varies by the minute: float32, 52 bytes a product."""
FACTS: Final = slice(0, NUMBERS.index("impressions"))
"""The numbers that the shop says of a product."""
COUNTS: Final = slice(FACTS.stop, len(NUMBERS))
"""The numbers that are counted from events; 0 where there were none."""
VIEWS: Final = 2
"""Vectors a product is kept with beside their sum: of its text and of its image, in this order."""
CODES: Final = ("brand", "color", "category", "group")

# A quarter of slack keeps a product's numbers under 80 bytes, right after growing too.
_NUMBERS_GROWTH: Final = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnBlock:
    """n rows to append.

    ``numbers`` is float32 (n, len(NUMBERS)) with NaN for unknown, ``codes`` int32 (n, len(CODES))
    with -1 for none. ``vectors`` is int8 (n, 2, d), text and image, each times its entry of
    ``scales`` float32 (n, 2) being the vector; ``has`` bool (n, 2) says which count: the others
    are all zero, and so are their scales. ``fused`` is int8 (n, d) at the fixed scale.
    ``path_codes`` holds a product's codes one after the other, the deepest paths first:
    ``path_lengths`` int32 (n, 2) counts the deepest, at least one (-1 stands for "none"), and the
    others.
    """

    ids: list[str]
    numbers: Float32Array
    codes: Int32Array
    vectors: Int8Array
    scales: Float32Array
    has: BoolArray
    fused: Int8Array
    terms: TermRows
    path_codes: Int32Array
    path_lengths: Int32Array


class ProductColumns:
    """Growing columns. One writer; a reader may use every row that `append` has returned."""

    def __init__(self, *, dimension: int) -> None:
        self.ids: list[str] = []
        self.numbers = GrowingArray(np.float32, width=len(NUMBERS), growth=_NUMBERS_GROWTH)
        self.codes = GrowingArray(np.int32, width=len(CODES))
        self.dimension = dimension
        self._vectors = GrowingArray(np.int8, width=VIEWS * dimension)
        self.scales = GrowingArray(np.float32, width=2)
        self.has = GrowingArray(np.bool_, width=2)
        self.fused = GrowingArray(np.int8, width=dimension)
        self._terms = GrowingArray(np.int32)
        self._term_bounds = GrowingArray(np.int64, width=len(LISTS) + 1)
        self._paths = GrowingArray(np.int32)
        self._path_bounds = GrowingArray(np.int64, width=3)

    def __len__(self) -> int:
        return len(self.ids)

    def append(self, block: ColumnBlock) -> int:
        """Add a block; the row of its first product."""
        first_term = self._terms.append(block.terms.flat)
        first_path = self._paths.append(block.path_codes)
        self._term_bounds.append(first_term + _bounds(block.terms.lengths))
        self._path_bounds.append(first_path + _bounds(block.path_lengths))
        for column, rows in (
            (self.codes, block.codes),
            (self._vectors, block.vectors.reshape(len(block.vectors), VIEWS * self.dimension)),
            (self.has, block.has),
            (self.fused, block.fused),
        ):
            column.append(rows)
        self.scales.append(block.scales)
        start = self.numbers.append(block.numbers)
        self.ids.extend(block.ids)
        return start

    @property
    def vectors(self) -> Int8Array:
        """Quantised vectors int8 (r, d): that of a row's view stands at ``row * VIEWS + view``."""
        return self._vectors.rows.reshape(-1, self.dimension)

    def terms(self, rows: Int32Array) -> dict[TermField, TermColumn]:
        """Terms of n rows by field."""
        fields = len(TermField)
        bounds = self._term_bounds.rows.take(rows, axis=0).T
        starts = bounds[:fields]
        lengths = bounds[1 : fields + 1] - starts
        offsets = np.zeros((fields, len(rows) + 1), dtype=np.int32)
        np.add.accumulate(lengths, axis=1, out=offsets[:, 1:], dtype=np.int32)
        ends = offsets[:, -1].cumsum()
        firsts = ends - offsets[:, -1]
        places = np.repeat(
            (starts - offsets[:, :-1] - firsts[:, None]).reshape(-1), lengths.reshape(-1)
        )
        places += np.arange(len(places))
        flat = self._terms.rows.take(places)
        cuts = zip(TermField, firsts.tolist(), ends.tolist(), offsets, strict=True)
        return {
            field: TermColumn(terms=flat[first:end], offsets=own) for field, first, end, own in cuts
        }

    def paths(self, rows: Int32Array) -> tuple[Int32Array, Int64Array]:
        """Path codes of n rows and the offsets (n + 1,) of its lists, none of them empty."""
        bounds = self._path_bounds.rows[rows]
        starts = bounds[:, 0]
        return gather_lists(self._paths.rows, starts=starts, lengths=bounds[:, 2] - starts)

    def deepest_paths(self, rows: Int32Array) -> tuple[Int32Array, Int64Array]:
        """As `paths`, of each product only the paths with the most levels."""
        starts, ends, _ = self._path_bounds.rows.take(rows, axis=0).T
        if int((ends - starts).sum()) == len(rows):
            # None is empty, so each has one: nearly always so.
            return self._paths.rows.take(starts), np.arange(len(rows) + 1)
        return gather_lists(self._paths.rows, starts=starts, lengths=ends - starts)

    def term_rows(self, rows: Int32Array) -> TermRows:
        """Terms of n rows as they were appended."""
        bounds = self._term_bounds.rows[rows]
        flat, _ = gather_lists(
            self._terms.rows, starts=bounds[:, 0], lengths=bounds[:, -1] - bounds[:, 0]
        )
        return TermRows(flat=flat, lengths=np.diff(bounds, axis=1).astype(np.int32))

    def block(self, rows: Int32Array) -> ColumnBlock:
        """Copy rows out, so that another `ProductColumns` can take them."""
        path_codes, _ = self.paths(rows)
        return ColumnBlock(
            ids=[self.ids[row] for row in rows.tolist()],
            numbers=self.numbers.rows[rows],
            codes=self.codes.rows[rows],
            vectors=self._vectors.rows[rows].reshape(len(rows), VIEWS, self.dimension),
            scales=self.scales.rows[rows],
            has=self.has.rows[rows],
            fused=self.fused.rows[rows],
            terms=self.term_rows(rows),
            path_codes=path_codes,
            path_lengths=np.diff(self._path_bounds.rows[rows], axis=1).astype(np.int32),
        )


def _bounds(lengths: Int32Array) -> Int64Array:
    """Bounds (n, f + 1) of the f lists of n products that stand one after the other."""
    offsets = offsets_of(lengths.ravel())
    count = lengths.shape[1]
    starts = offsets[:-1].reshape(-1, count)
    return np.concatenate([starts, offsets[count::count, None]], axis=1)
