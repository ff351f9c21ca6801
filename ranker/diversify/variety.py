"""What a candidate adds to those chosen before it: two measures, of the same range.

Both give each candidate a number that is 0 for one that is like nothing chosen and about -1 for a
copy of one that was, so that a strength means about the same with either.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from ranker.columns import VECTOR_SCALE, Float32Array, Int8Array

_RIDGE: Final = np.float32(0.01)
_HALF: Final = np.float32(0.5) * (1 - _RIDGE)
_LOG_SCALE: Final = np.float32(-1.0 / np.log(_RIDGE))


class Variety(Protocol):
    """Measures n candidates against those taken so far; one list, one thread."""

    def take(self, choice: int) -> None:
        """Choose a candidate (0 to n - 1), each at most once."""

    def worth(self) -> Float32Array:
        """What each would add, float32 (n,); asked after the first was taken, not to be kept."""


class Likeness:
    """Less the cosine with the most similar one taken: -1 to 1, 0 without a vector.

    Source: Carbonell and Goldstein (1998), The use of MMR, diversity-based reranking.
    """

    def __init__(self, vectors: Int8Array) -> None:
        """``vectors`` is int8 (n, d), unit vectors times 127; all zero is none."""
        self._rows = vectors.astype(np.float32)
        self._rows *= VECTOR_SCALE
        self._farness = np.full(len(vectors), np.inf, np.float32)
        self._further = np.empty_like(self._farness)

    def take(self, choice: int) -> None:
        """Choose a candidate."""
        np.matmul(self._rows, -self._rows[choice], out=self._further)
        np.minimum(self._farness, self._further, out=self._farness)

    def worth(self) -> Float32Array:
        """Less the largest cosine."""
        return self._farness


class Volume:
    """How much the volume spanned by those taken would grow: the gain of a determinant, -1 to 0.

    Greedy maximum a posteriori choice of a determinantal point process by incremental Cholesky
    factors. The kernel is ``S = (1 - r) K + r I`` with ``K = (1 + cosine) / 2``, so that opposites
    are not taken for copies; one without a vector is like nothing else. The ridge r = 0.01 keeps
    what is left of every candidate at r or above, so nothing vanishes and no root is of less; its
    logarithm scales the gain to -1 for a copy.

    Source: Chen, Zhang and Zhou (2018), Fast greedy MAP inference for determinantal point process,
    algorithm 1 and equation 13.
    """

    def __init__(self, vectors: Int8Array, *, limit: int) -> None:
        """``vectors`` as of `Likeness`; at most ``limit`` are taken."""
        rows = vectors.astype(np.float32)
        lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))
        self._unknown = lengths == 0
        self._some_unknown = bool(self._unknown.any())
        # The kernel's half and its ridge go into the rows once, not into every product of them.
        scale = np.sqrt(_HALF) / np.maximum(lengths, 1)
        self._rows = np.multiply(rows, scale[:, None], out=rows)
        self._factors = np.zeros((limit, len(rows)), np.float32)
        self._left = np.ones(len(rows), np.float32)
        self._taken = 0

    def take(self, choice: int) -> None:
        """Choose a candidate."""
        grown = self._factors[self._taken]
        np.matmul(self._rows, self._rows[choice], out=grown)
        grown += _HALF
        if self._some_unknown:
            grown[self._unknown | self._unknown[choice]] = 0
        if self._taken:
            before = self._factors[: self._taken]
            grown -= before[:, choice] @ before
        grown /= np.sqrt(self._left[choice])
        self._left -= grown * grown
        np.maximum(self._left, _RIDGE, out=self._left)
        self._taken += 1

    def worth(self) -> Float32Array:
        """Logarithm of what is left of each, scaled."""
        gain: Float32Array = np.log(self._left) * _LOG_SCALE
        return gain
