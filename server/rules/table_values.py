"""What rules read of products, out of a catalog's columns in memory."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np

from server.arrays import Float32Array, Int32Array
from server.rules.selecting import NumberField, TextField
from server.signals.columns import CODES, NUMBERS
from server.signals.state import TableState

_CODE_OF: Final = {
    "brand": CODES.index("brand"),
    "color": CODES.index("color"),
    "group_id": CODES.index("group"),
}
_NONE: Final = ""


class TableValues:
    """`server.rules.selecting.ProductValues` over the state that one request reads."""

    def __init__(self, state: TableState) -> None:
        self._state = state

    def rows(self, ids: Sequence[str]) -> Int32Array:
        """Rows of product ids, -1 for one that is not in the catalog."""
        find = self._state.row_of.get
        return np.array([find(each, -1) for each in ids], dtype=np.int32)

    def ids(self, rows: Int32Array) -> Sequence[str]:
        """Product ids of n rows."""
        ids = self._state.columns.ids
        return [ids[row] for row in rows.tolist()]

    def numbers(self, field: NumberField, rows: Int32Array) -> Float32Array:
        """Float32 (n,), NaN where unknown."""
        column: Float32Array = self._state.columns.numbers.rows[rows, NUMBERS.index(field)]
        return column

    def texts(self, field: TextField, rows: Int32Array) -> Sequence[str]:
        """Values as written, n of them, empty where there is none."""
        values = self._state.values
        of_field = {"brand": values.brands, "color": values.colors, "group_id": self._state.groups}
        written = of_field[field].written
        codes = self._state.columns.codes.rows[rows, _CODE_OF[field]].tolist()
        return [written[code] if code >= 0 else _NONE for code in codes]

    def paths(self, rows: Int32Array) -> Sequence[Sequence[str]]:
        """Category paths of n rows as written, levels joined by ``/``."""
        written = self._state.values.paths.written
        codes, offsets = (array.tolist() for array in self._state.columns.paths(rows))
        return [
            [written[code] for code in codes[start:end] if code >= 0]
            for start, end in itertools.pairwise(offsets)
        ]
