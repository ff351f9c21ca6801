"""Unit vectors as the store keeps them: float16, so that an index is rebuilt without pictures.

Two bytes a component: 768 bytes for a 384-wide vector, half of float32; the cosine with anything is
kept to about 1e-4. What is indexed is always the stored form, so a rebuilt index is the same one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from server.arrays import BoolArray, Float32Array


def pack(vectors: Float32Array, *, has: Sequence[bool]) -> list[bytes | None]:
    """One blob a row of (n, d), None where ``has`` is not set."""
    halves = vectors.astype("<f2")
    return [row.tobytes() if kept else None for row, kept in zip(halves, has, strict=True)]


def unpack(blobs: Sequence[bytes | None], *, dimension: int) -> tuple[Float32Array, BoolArray]:
    """Unit rows float32 (n, d), zeros where there is no blob, and bool (n,) where there is one."""
    has = np.array([blob is not None for blob in blobs], dtype=np.bool_)
    vectors = np.zeros((len(blobs), dimension), dtype=np.float32)
    if has.any():
        halves = np.frombuffer(b"".join(blob for blob in blobs if blob is not None), dtype="<f2")
        kept = halves.reshape(-1, dimension).astype(np.float32)
        vectors[has] = kept / np.linalg.norm(kept, axis=1, keepdims=True)
    return vectors, has
