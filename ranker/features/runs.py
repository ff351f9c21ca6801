"""Runs of equal values in sorted rows: what ranks, distinct ranks and shares are counted from."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt

from ranker.columns import Float32Array, Int32Array

_Whole = npt.NDArray[np.intp]

_ALL = slice(None)
_LOW, _HIGH = (0, 1) if sys.byteorder == "little" else (1, 0)
"""Where the halves of a whole number of 64 bits stand when it is read as two of 32."""

_KEPT_SHAPES = 64
_NOT_SIGN = np.int32(2**31 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Every row of keys (k, n) sorted, and cut where the key changes.

    What is counted stands in sorted order; `unsorted` puts it back.

    Attributes:
        places: Places (k * n,) into the flattened rows that sort each row.
        numbers: Run (k, n) that each sorted key belongs to, counted through all rows.
        bounds: Where in the flattened sorted rows each run starts, and after them k * n.
    """

    places: _Whole
    numbers: _Whole
    bounds: _Whole

    @classmethod
    def of(cls, keys: Int32Array) -> Self:
        """The runs of int32 keys (k, n).

        Each key is sorted together with its place, as the two halves of one whole number: numpy
        sorts numbers several times faster than it sorts places by what stands there.
        """
        joined = np.empty(keys.shape, dtype=np.int64)
        halves = joined.view(np.int32).reshape(*keys.shape, 2)
        halves[..., _LOW] = _places(keys.shape)
        halves[..., _HIGH] = keys
        joined.sort(axis=1)
        places = halves[..., _LOW].astype(np.intp).ravel()
        ordered = halves[..., _HIGH].ravel()
        starts = np.empty(keys.size + 1, dtype=np.bool_)
        np.not_equal(ordered[1:], ordered[:-1], out=starts[1:-1])
        # A row's first key starts a run whatever the row before ends with, and the end is a bound.
        starts[:: max(keys.shape[1], 1)] = True
        numbers = np.add.accumulate(starts[:-1], dtype=np.intp).reshape(keys.shape)
        numbers -= 1
        return cls(places=places, numbers=numbers, bounds=np.flatnonzero(starts))

    def below(self, rows: slice = _ALL) -> _Whole:
        """How many keys of the same row are smaller than each."""
        numbers = self.numbers[rows]
        starts = self.bounds.take(numbers)
        return starts - starts[:, :1]

    def distinct_below(self, rows: slice = _ALL) -> _Whole:
        """How many distinct keys of the same row are smaller than each."""
        numbers = self.numbers[rows]
        return numbers - numbers[:, :1]

    def alike(self, rows: slice = _ALL) -> _Whole:
        """How many keys of the same row equal each, itself among them."""
        return (self.bounds[1:] - self.bounds[:-1]).take(self.numbers[rows])

    def unsorted(self, counts: npt.NDArray[np.number]) -> Float32Array:
        """Counts (k, n) that stand in sorted order, each where its key was given."""
        given = np.empty(counts.shape, dtype=np.float32)
        given.reshape(-1)[self.places] = counts.reshape(-1)
        return given


@lru_cache(maxsize=_KEPT_SHAPES)
def _places(shape: tuple[int, int]) -> Int32Array:
    """Places into the flattened rows, int32 of that shape, not to be written to."""
    places = np.arange(shape[0] * shape[1], dtype=np.int32).reshape(shape)
    places.flags.writeable = False
    return places


def rising(rows: Float32Array) -> Int32Array:
    """Whole numbers that compare as the values of ``rows`` do, NaN as infinity.

    Positive floats compare as their bits read as a whole number do. Negative ones compare the other
    way round, which turning all bits but the sign mends.

    >>> rising(np.array([[-2, -1, -0.0, 0.0, 1, 2]], dtype=np.float32)).argsort().tolist()
    [[0, 1, 2, 3, 4, 5]]
    """
    known = np.fmin(rows, np.float32(np.inf))
    known += np.float32(0)  # Makes -0.0 the 0.0 that it equals.
    bits: Int32Array = known.view(np.int32)
    bits ^= (bits >> 31) & _NOT_SIGN
    return bits
