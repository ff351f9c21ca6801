"""Unit vectors kept as int8, the sum F that stands for a product, and similarities from both."""

from __future__ import annotations

import numpy as np

from ranker.columns import VECTOR_SCALE
from server.arrays import BoolArray, Float32Array, Int8Array

_LARGEST = np.float32(127.0)


def quantise(vectors: Float32Array) -> tuple[Int8Array, Float32Array]:
    """Round each row of (n, d) to int8 with a scale of its own.

    Returns:
        int8 (n, d) and float32 (n,) so that ``row * scale`` is the vector, each component within
        half a scale: of a 384-wide unit vector the cosine with anything is kept to about 5e-4. A
        zero row has scale 0.
    """
    scales = np.abs(vectors).max(axis=1, initial=0.0).astype(np.float32) / _LARGEST
    divisors = np.where(scales > 0, scales, np.float32(1.0))[:, None]
    return np.rint(vectors / divisors).astype(np.int8), scales


def unit_rows(vectors: Float32Array) -> Float32Array:
    """Divide each row of (n, d) by its Euclidean norm; zero rows stay zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1.0)).astype(np.float32)


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
    kept_image = np.where(has_image[:, None], image, 0.0)
    kept_text = np.where(has_text[:, None], text, 0.0)
    return unit_rows((shares * kept_image + text_shares * kept_text).astype(np.float32))


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
