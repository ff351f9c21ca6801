"""The falling sequence nearest to a noisy one: isotonic regression."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]


def falling(values: Float64Array, *, weights: Float64Array) -> Float64Array:
    """The never rising sequence (n,) of least weighted squared distance from ``values`` (n,).

    Pool adjacent violators (Ayer et al. 1955): neighbours in the wrong order become their mean.

    >>> falling(np.array([1.0, 0.2, 0.4, 0.1]), weights=np.ones(4)).round(2).tolist()
    [1.0, 0.3, 0.3, 0.1]

    Args:
        values: Finite.
        weights: Above 0.
    """
    means: list[float] = []
    masses: list[float] = []
    lengths: list[int] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        mean, mass, length = value, weight, 1
        while means and means[-1] < mean:
            before, added = means.pop(), masses.pop()
            mean = (before * added + mean * mass) / (added + mass)
            mass += added
            length += lengths.pop()
        means.append(mean)
        masses.append(mass)
        lengths.append(length)
    return np.repeat(np.array(means, dtype=np.float64), lengths)
