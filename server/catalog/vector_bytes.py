"""Unit vectors as the store keeps them: float16, so that an index is rebuilt without pictures.

Two bytes a component: 768 bytes for a 384-wide vector, half of float32; the cosine with anything is
kept to about 1e-4. What is indexed is always the stored form, so a rebuilt index is the same one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from server.arrays import BoolArray, Float32Array

# So many rows stay in a core's cache from one step to the next.
_ROWS_AT_A_TIME = 256


def pack(vectors: Float32Array, *, has: Sequence[bool]) -> list[bytes | None]:
    """One blob a row of (n, d), None where ``has`` is not set."""
    halves = vectors.astype("<f2")
    return [row.tobytes() if kept else None for row, kept in zip(halves, has, strict=True)]


def unpack(blobs: Sequence[bytes | None], *, dimension: int) -> tuple[Float32Array, BoolArray]:
    """Unit rows float32 (n, d), zeros where there is no blob, and bool (n,) where there is one."""
    has = np.array([blob is not None for blob in blobs], dtype=np.bool_)
    joined = b"".join(blob for blob in blobs if blob is not None)
    halves = np.frombuffer(joined, dtype="<f2").reshape(-1, dimension)
    kept = np.empty(halves.shape, dtype=np.float32)
    for start in range(0, len(kept), _ROWS_AT_A_TIME):
        part = kept[start : start + _ROWS_AT_A_TIME]
        part[:] = halves[start : start + _ROWS_AT_A_TIME]
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    if len(kept) == len(blobs):
        return kept, has
    vectors = np.zeros((len(blobs), dimension), dtype=np.float32)
    vectors[has] = kept
    return vectors, has
