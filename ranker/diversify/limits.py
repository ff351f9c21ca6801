"""How many candidates of one kind may stand in the order, or among its first places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ranker.columns import Float32Array, Int32Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most ``most`` (1 or more) of one code among the first places.

    ``codes`` is int32 (n,), equal where the kind is; -1 is of no kind and never capped.
    """

    codes: Int32Array
    most: int


class Room:
    """Which of n candidates may still be chosen, as places are given away."""

    def __init__(self, caps: Sequence[Cap], *, order: Int32Array) -> None:
        """Candidates are those of ``order``, by their place in it."""
        self._caps = [(cap.codes[order], cap.most, dict[int, int]()) for cap in caps]

    def give(self, choice: int, worth: Float32Array) -> None:
        """Give a place away; what may not be chosen from now on is worth -inf, float32 (n,)."""
        worth[choice] = -np.inf
        for codes, most, counts in self._caps:
            code = int(codes[choice])
            counts[code] = counts.get(code, 0) + 1
            if code >= 0 and counts[code] == most:
                worth[codes == code] = -np.inf


def place_in_group(groups: Int32Array) -> npt.NDArray[np.intp]:
    """How many of the same group come before each; 0 without a group (-1).

    >>> place_in_group(np.array([4, 7, 4, -1, -1, 4], dtype=np.int32))
    array([0, 0, 1, 0, 0, 2])
    """
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.concatenate(([0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1))
    lengths = np.diff(starts, append=len(groups))
    places = np.empty(len(groups), dtype=np.intp)
    places[order] = np.arange(len(groups)) - np.repeat(starts, lengths)
    places[groups < 0] = 0
    return places
