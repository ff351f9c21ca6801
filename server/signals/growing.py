"""Arrays that grow at the end while others read; no row moves, and few are changed in place."""

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

    __slots__ = ("_growth", "_length", "rows")

    def __init__(
        self, dtype: type[Scalar], *, width: int | None = None, growth: float = 2.0
    ) -> None:
        """``width`` is the length of a row; None for rows that are scalars.

        ``growth`` (above 1) is how many times as long a full array gets: at most
        ``growth - 1`` of what is used stands empty, and a row is copied ``1 / (growth - 1)`` times
        on average.
        """
        self._growth = growth
        shape = (_FIRST_CAPACITY,) if width is None else (_FIRST_CAPACITY, width)
        self.rows: npt.NDArray[Scalar] = np.zeros(shape, dtype=dtype)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, block: npt.NDArray[Any]) -> int:
        """Add rows at the end, cast to the array's dtype; the number of the first of them."""
        start, end = self._length, self._length + len(block)
        if end > len(self.rows):
            capacity = max(end, int(self._growth * len(self.rows)))
            grown = np.zeros((capacity, *self.rows.shape[1:]), self.rows.dtype)
            grown[:start] = self.rows[:start]
            grown[start:end] = block
            self.rows = grown
        else:
            self.rows[start:end] = block
        self._length = end
        return start

    def change(self, places: npt.NDArray[Any], block: npt.NDArray[Any], *, columns: slice) -> None:
        """Overwrite some columns of rows that are there, each place once.

        Only for numbers of which each stands for itself: a reader may find one changed and the
        next one not yet.
        """
        self.rows[places, columns] = block
