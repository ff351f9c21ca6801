"""Cosines with the candidates' vectors, the same to the last bit on every machine."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ranker.columns import VECTOR_SCALE, Float32Array

_GRID = np.float32(65_536)
"""Steps to 1 on which directions are laid: with rows of up to 127 every product and every sum of
them is a whole number below 2**24, which float32 holds. So the order in which a BLAS adds them up
cannot show, and a matrix recomputed elsewhere is the matrix that was served."""


def cosines(rows: Float32Array, direction: npt.NDArray[np.floating]) -> Float32Array:
    """Cosines (n,) of int8 vectors, given as float32 (n, d), with a unit vector (d,).

    NaN where the row or the direction is all zero, which stands for having no vector. Exact to
    about 1e-5.

    >>> rows = np.array([[127, 0], [0, 127], [0, 0]], dtype=np.float32)
    >>> cosines(rows, np.array([0.6, 0.8])).round(3)
    array([0.6, 0.8, nan], dtype=float32)
    """
    found: Float32Array = rows @ np.rint(direction * _GRID).astype(np.float32)
    found[found == 0] = np.nan
    found *= VECTOR_SCALE / _GRID
    return found
