"""Which of several things is asked next: repeats as shops see them, by Zipf's law."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Int32Array = npt.NDArray[np.int32]


def zipf(count: int, distinct: int, *, s: float, seed: int) -> Int32Array:
    """Draw ``count`` of ``distinct`` things, int32 (count,), each from 0 to ``distinct`` - 1.

    The thing at rank k, from 1, is drawn with a chance proportional to ``k ** -s`` (Zipf 1949, with
    finitely many ranks); which thing has which rank is drawn too. With ``s`` 0 nothing is repeated
    before everything was drawn as often: the draws are one shuffle of all after another.

    Raises:
        ValueError: ``distinct`` is below 1, or ``s`` or ``count`` below 0.

    Example:
        >>> sorted(zipf(6, 3, s=0, seed=1).tolist())
        [0, 0, 1, 1, 2, 2]
    """
    if distinct < 1 or count < 0 or not 0 <= s < np.inf:
        raise ValueError(f"cannot draw {count} of {distinct} things with exponent {s}")
    random = np.random.default_rng(seed)
    if s == 0:
        rounds = [random.permutation(distinct) for _ in range(-(-count // distinct))]
        return np.concatenate([*rounds, np.empty(0)])[:count].astype(np.int32)
    things = random.permutation(distinct)
    chances = np.arange(1, distinct + 1, dtype=np.float64) ** -s
    ranks = random.choice(distinct, size=count, p=chances / chances.sum())
    return things[ranks].astype(np.int32)
