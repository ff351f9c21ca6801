"""Arrays that grow at the end while others read: rows once written are never moved or changed."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)

_FIRST_CAPACITY = 64


class GrowingArray(Generic[Scalar]):
    """Rows of one dtype and width, appended by one writer, read by any thread without a lock.

    A reader who learnt a row's number after `append` returned finds the row in ``rows``, whichever
    array ``rows`` is by then: growing copies into a new array and leaves the old one as it was.
    """

    __slots__ = ("_length", "rows")

    def __init__(self, dtype: type[Scalar], *, width: int | None = None) -> None:
        """``width`` is the length of a row; None for rows that are scalars."""
        shape = (_FIRST_CAPACITY,) if width is None else (_FIRST_CAPACITY, width)
        self.rows: npt.NDArray[Scalar] = np.zeros(shape, dtype=dtype)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, block: npt.NDArray[Any]) -> int:
        """Add rows at the end, cast to the array's dtype; the number of the first of them."""
        start, end = self._length, self._length + len(block)
        if end > len(self.rows):
            grown = np.zeros((max(end, 2 * len(self.rows)), *self.rows.shape[1:]), self.rows.dtype)
            grown[:start] = self.rows[:start]
            grown[start:end] = block
            self.rows = grown
        else:
            self.rows[start:end] = block
        self._length = end
        return start
