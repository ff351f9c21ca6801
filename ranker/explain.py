"""Why a product stands where it stands: contributions of features added up by family."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ranker.columns import Float32Array

BIAS = "bias"
"""What every candidate gets alike."""


def by_family(
    contributions: npt.NDArray[np.floating], families: Sequence[str]
) -> dict[str, Float32Array]:
    """Add up (n, m + 1) contributions, the bias last, by the family of each of the m columns.

    >>> parts = by_family(np.array([[1.0, 2.0, 4.0, 0.5]]), ["price", "stock", "price"])
    >>> {name: part.tolist() for name, part in parts.items()}
    {'price': [5.0], 'stock': [2.0], 'bias': [0.5]}
    """
    sums: dict[str, Float32Array] = {}
    for name in dict.fromkeys(families):
        columns = [place for place, family in enumerate(families) if family == name]
        sums[name] = contributions[:, columns].sum(axis=1).astype(np.float32)
    sums[BIAS] = contributions[:, -1].astype(np.float32)
    return sums
