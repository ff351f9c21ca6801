"""What every encoder's answer must pass before it is called a vector."""

from __future__ import annotations

import numpy as np

from server.arrays import Float32Array
from server.errors import Unavailable

NORM_TOLERANCE = 1e-3


def require_unit_rows(vectors: Float32Array, *, dimension: int) -> None:
    """Raise Unavailable unless ``vectors`` is (n, dimension), finite, with rows of norm 1."""
    if vectors.ndim != 2 or vectors.shape[1] != dimension:  # noqa: PLR2004 - rows and columns
        raise Unavailable(
            f"the encoder answered shape {vectors.shape}, not (n, {dimension})",
            reason="ENCODER_WRONG_SHAPE",
        )
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    # A NaN compares false, so an unfinite row fails this test as well.
    if not bool(np.all(np.abs(norms - 1.0) <= NORM_TOLERANCE)):
        raise Unavailable(
            "the encoder answered a vector that is not of unit norm", reason="ENCODER_NOT_UNIT"
        )
