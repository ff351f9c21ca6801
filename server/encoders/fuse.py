"""Weighted query parts to one query vector."""

from __future__ import annotations

import numpy as np

from server.arrays import Float32Array
from server.errors import InvalidRequest, Violation

SMALLEST_NORM = 1e-3
"""Below this norm a weighted sum of unit vectors is rounding noise, not a direction."""


def fuse(vectors: Float32Array, weights: Float32Array) -> Float32Array:
    """The unit vector of ``Σ wᵢ vᵢ``: what a query of several weighted parts asks for.

    Args:
        vectors: Unit vectors (k, d), k ≥ 1.
        weights: Finite weights (k,), negative for "less like this".

    Returns:
        Unit vector (d,), float32.

    Raises:
        InvalidRequest: The parts cancel out, so that no direction is left.

    Example:
        >>> fuse(np.eye(2, dtype=np.float32), np.array([3.0, 4.0], np.float32)).tolist()
        [0.6000000238418579, 0.800000011920929]
    """
    total = weights @ vectors
    norm = float(np.linalg.norm(total))
    if norm < SMALLEST_NORM * float(np.abs(weights).sum()):
        raise InvalidRequest(
            [
                Violation(
                    field="query",
                    reason="QUERY_CANCELS_OUT",
                    description="the weighted parts cancel out; change a weight or drop a part",
                )
            ]
        )
    return np.asarray(total / norm, dtype=np.float32)
