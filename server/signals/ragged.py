"""Lists of different lengths, one a product, kept in one flat array and gathered in one step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from server.arrays import Int32Array, Int64Array


def offsets_of(lengths: npt.NDArray[np.integer]) -> Int64Array:
    """Where each of n lists starts when they stand one after the other: int64 (n + 1,) from 0."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def gather_lists(
    flat: Int32Array, *, starts: npt.NDArray[np.integer], lengths: npt.NDArray[np.integer]
) -> tuple[Int32Array, Int64Array]:
    """Copy n lists out of ``flat``: the lists one after the other, and their offsets (n + 1,).

    Example:
        >>> flat = np.array([7, 8, 9, 5], dtype=np.int32)
        >>> lists, offsets = gather_lists(flat, starts=np.array([3, 0]), lengths=np.array([1, 2]))
        >>> lists.tolist(), offsets.tolist()
        ([5, 7, 8], [0, 1, 3])
    """
    offsets = offsets_of(lengths)
    places = np.repeat(starts - offsets[:-1], lengths)
    places += np.arange(offsets[-1])
    return flat[places], offsets
