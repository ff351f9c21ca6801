"""Unit vectors kept as int8, the sum F that stands for a product, and similarities from both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranker.columns import VECTOR_SCALE
from server.arrays import BoolArray, Float32Array, Int8Array

_LARGEST = np.float32(127.0)
# What is made on the way from a few rows stays in a core's cache; more rows took twice the time.
_ROWS_AT_A_TIME = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVectors:
    """Vectors of n products as the table keeps them.

    ``vectors`` is int8 (n, 2, d), text and image, each times its entry of ``scales`` float32 (n, 2)
    being the vector, see `quantise`; ``fused`` is int8 (n, d), `fixed_scale` of their `fuse`.
    """

    vectors: Int8Array
    scales: Float32Array
    fused: Int8Array


def kept_vectors(
    text: Float32Array,
    image: Float32Array,
    *,
    has_text: BoolArray,
    has_image: BoolArray,
    image_share: float,
) -> KeptVectors:
    """What is kept of unit rows (n, d); a row counts only where ``has_...`` (n,) is set."""
    count, dimension = text.shape
    vectors = np.empty((count, 2, dimension), dtype=np.int8)
    scales = np.empty((count, 2), dtype=np.float32)
    fused = np.empty((count, dimension), dtype=np.int8)
    for start in range(0, count, _ROWS_AT_A_TIME):
        part = slice(start, start + _ROWS_AT_A_TIME)
        both = _counting(text[part], has_text[part]), _counting(image[part], has_image[part])
        for view, rows in enumerate(both):
            vectors[part, view], scales[part, view] = quantise(rows)
        fused[part] = fixed_scale(
            fuse(
                *both,
                has_text=has_text[part],
                has_image=has_image[part],
                image_share=image_share,
            )
        )
    return KeptVectors(vectors=vectors, scales=scales, fused=fused)


def _counting(rows: Float32Array, has: BoolArray) -> Float32Array:
    """The rows, those that do not count as zeros."""
    return rows if has.all() else np.where(has[:, None], rows, np.float32(0.0))


def quantise(vectors: Float32Array) -> tuple[Int8Array, Float32Array]:
    """Round each row of (n, d) to int8 with a scale of its own.

    Returns:
        int8 (n, d) and float32 (n,) so that ``row * scale`` is the vector, each component within
        half a scale: of a 384-wide unit vector the cosine with anything is kept to about 5e-4. A
        zero row has scale 0.
    """
    highest, lowest = vectors.max(axis=1, initial=0.0), vectors.min(axis=1, initial=0.0)
    scales = np.maximum(highest, -lowest).astype(np.float32) / _LARGEST
    divisors = np.where(scales > 0, scales, np.float32(1.0))[:, None]
    steps = vectors / divisors
    return np.rint(steps, out=steps).astype(np.int8), scales


def unit_rows(vectors: Float32Array) -> Float32Array:
    """Divide each row of (n, d) by its Euclidean norm; zero rows stay zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1.0)).astype(np.float32, copy=False)


def fuse(
    text: Float32Array,
    image: Float32Array,
    *,
    has_text: BoolArray,
    has_image: BoolArray,
    image_share: float,
) -> Float32Array:
    """``F = aI + (1 - a)T`` of n products, (n, d), unit rows.

    A product with one of the two vectors has that one as F; with neither, zeros.
    """
    shares = np.where(has_image, np.where(has_text, image_share, 1.0), 0.0)[:, None]
    text_shares = np.where(has_text[:, None], 1.0 - shares, 0.0)
    kept = shares * _counting(image, has_image)
    kept += text_shares * _counting(text, has_text)
    return unit_rows(kept.astype(np.float32))


def fixed_scale(vectors: Float32Array) -> Int8Array:
    """Round unit rows (n, d) to the int8 form of ``CandidateColumns.vectors``: times 127."""
    rounded: Int8Array = np.rint(vectors / VECTOR_SCALE).astype(np.int8)
    return rounded


def similarities(
    quantised: Int8Array, scales: Float32Array, *, vector: Float32Array
) -> Float32Array:
    """Inner products float32 (k,) of ``vector`` (d,) with quantised rows (k, d)."""
    products: Float32Array = quantised.astype(np.float32) @ vector
    products *= scales
    return products
