"""Grades: how well a product answers a query, and what a grade is worth."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from ranker.errors import RankingError


class Grade(IntEnum):
    """Five grades of an answer, as learning-to-rank collections use them."""

    UNRELATED = 0
    RELATED = 1
    FAIR = 2
    GOOD = 3
    BEST = 4


LABEL_GAINS: tuple[int, ...] = tuple(2**grade - 1 for grade in Grade)
"""What a grade is worth at the first place: ``2^grade - 1``, as in `metrics.dcg`."""


def checked_grades(labels: npt.NDArray[np.generic], *, candidates: int) -> npt.NDArray[np.int32]:
    """``labels`` as int32 (n,).

    Raises:
        RankingError: not one whole grade from 0 to 4 for each candidate.
    """
    if labels.shape != (candidates,):
        raise RankingError(
            f"There are labels of shape {labels.shape} for {candidates} candidates; give one each."
        )
    grades = labels.astype(np.int32)
    if (grades != labels).any() or (grades < min(Grade)).any() or (grades > max(Grade)).any():
        raise RankingError(f"Labels must be whole grades from {min(Grade):d} to {max(Grade):d}.")
    return grades
