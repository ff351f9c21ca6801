"""Proof of sameness: the features of a served search computed anew and compared bit for bit.

The bits do not hang on the BLAS or its threads. They do on numpy's logarithm, which is another
where a processor has no AVX2 (x86-64-v3): compute anew on the kind of processor that served.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.features.schema import FEATURES, compute
from ranker.protocol import Ranker

SCORE_TOLERANCE = 1e-5
"""How far scores of the two engines of one model may lie apart; features must not differ at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first value that differs, in the order of candidates and then of features.

    ``feature`` is ``shape`` where the matrices cannot be laid beside each other, ``score`` where
    all features agree; ``row`` is the candidate's place in retrieval order.
    """

    feature: str
    row: int
    served: float
    computed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What came of one search.

    Attributes:
        rows: Candidates compared.
        values: How many values of the matrix differ.
        scores: How many scores differ; None where the ranker that gave them is not there.
        farthest: Largest distance of two scores, 0 where none was compared.
        first: The first difference.
    """

    rows: int
    values: int
    scores: int | None
    farthest: float = 0.0
    first: Difference | None = None

    @property
    def same(self) -> bool:
        """Whether nothing that was compared differs."""
        return self.first is None


def compare(
    facts: QueryFacts,
    columns: CandidateColumns,
    *,
    matrix: Float32Array,
    scores: Float32Array,
    ranker: Ranker | None,
) -> Comparison:
    """Compute n candidates anew, and score them with ``ranker`` where it is known.

    Args:
        facts: The query as served.
        columns: Its candidates as served.
        matrix: float32 (n, m), the features that were served.
        scores: float32 (n,), the scores that were served.
        ranker: The version that gave them.
    """
    computed = compute(facts, columns)
    if computed.shape != matrix.shape or len(scores) != len(matrix):
        shapes = Difference(
            feature="shape",
            row=-1,
            served=float(matrix.shape[-1]),
            computed=float(computed.shape[-1]),
        )
        return Comparison(rows=len(computed), values=computed.size, scores=None, first=shapes)
    differ = differing(matrix, computed)
    count = int(np.count_nonzero(differ))
    first = _first_value(differ, served=matrix, computed=computed) if count else None
    if ranker is None:
        return Comparison(rows=len(matrix), values=count, scores=None, first=first)
    scored = ranker.score(computed)
    distances = np.abs(scored.astype(np.float64) - scores)
    # Written so that a distance that is no number counts as one too far.
    far = ~(distances <= SCORE_TOLERANCE)
    if first is None and far.any():
        row = int(far.argmax())
        first = Difference(
            feature="score", row=row, served=float(scores[row]), computed=float(scored[row])
        )
    return Comparison(
        rows=len(matrix),
        values=count,
        scores=int(np.count_nonzero(far)),
        farthest=float(distances.max(initial=0.0)),
        first=first,
    )


def differing(served: Float32Array, computed: Float32Array) -> npt.NDArray[np.bool_]:
    """Where two float32 arrays of one shape differ in any bit; two NaN never do.

    >>> served = np.array([1, np.nan, 0], dtype=np.float32)
    >>> differing(served, np.array([1, np.nan, -0.0], dtype=np.float32)).tolist()
    [False, False, True]
    """
    bits = [np.ascontiguousarray(each).view(np.int32) for each in (served, computed)]
    unknown: npt.NDArray[np.bool_] = np.isnan(served) & np.isnan(computed)
    differ: npt.NDArray[np.bool_] = (bits[0] != bits[1]) & ~unknown
    return differ


def _first_value(
    differ: npt.NDArray[np.bool_], *, served: Float32Array, computed: Float32Array
) -> Difference:
    row, column = np.unravel_index(int(differ.argmax()), differ.shape)
    return Difference(
        feature=FEATURES[int(column)].name,
        row=int(row),
        served=float(served[row, column]),
        computed=float(computed[row, column]),
    )
