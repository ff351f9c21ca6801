"""The linear twin of the boosted model: a ranking SVM, to compare trees with and to fall back on.

RankSVM (Joachims 2002: a margin between the better and the worse candidate of one query, with an L2
penalty) in its primal form with squared hinges (Chapelle and Keerthi 2010): weights w that minimise
``l2 / 2 |w|² + mean(max(0, 1 - w · d)²)`` over differences d between a better and a worse candidate
of one query, by Newton steps. Features are standardised over the training rows and cut at ten
deviations; an unknown value counts as the mean.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.dataset import RankingDataset
from ranker.errors import RankingError
from ranker.explain import by_family
from ranker.features.schema import FAMILY_OF, compute

_Float64Array = npt.NDArray[np.float64]

_NEWTON_STEPS = 50

MOST_DEVIATIONS = np.float32(10)
"""Where standardised features are cut."""

_MOST_PAIRS = 200_000
_MOST_ROWS_PAIRED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Standardisation:
    """What makes training columns mean 0 and deviation 1: float32 (m,) each.

    Attributes:
        means: Of the known values.
        scales: 1 over their deviations, 0 for a column that does not vary.
    """

    means: Float32Array
    scales: Float32Array

    def __call__(self, matrix: Float32Array) -> Float32Array:
        """The matrix (n, m) standardised and cut; 0 where unknown."""
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (matrix - self.means) * self.scales
        cut: Float32Array = np.clip(np.nan_to_num(scaled), -MOST_DEVIATIONS, MOST_DEVIATIONS)
        return cut


class LinearRanker:
    """A `Ranker` that scores with a weighted sum of standardised features.

    Attributes:
        weights: float32 (m,), of the standardised features.
        standardisation: What makes the features so.
    """

    def __init__(
        self, weights: Float32Array, *, standardisation: Standardisation, named: str = ""
    ) -> None:
        """``named`` is the id; without it there is one of the weights."""
        self.weights = weights
        self.standardisation = standardisation
        self._id = named or _hashed_id(weights, standardisation)

    @property
    def id(self) -> str:
        """As named, else ``linear@`` and twelve hexadecimal digits of the weights' SHA-256."""
        return self._id

    def features(self, query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
        """The matrix of the current schema."""
        return compute(query, candidates)

    def score(self, matrix: Float32Array) -> Float32Array:
        """Sum of `contributions`."""
        scores: Float32Array = self._checked(matrix) @ self.weights
        return scores

    def contributions(self, matrix: Float32Array) -> dict[str, Float32Array]:
        """Each feature's part of the sum, by family; the bias is 0.

        Raises:
            RankingError: the weights are of other features than the served schema's.
        """
        if len(self.weights) != len(FAMILY_OF):
            raise RankingError(
                f"The model takes {len(self.weights)} features of its own, which have no"
                " families; explain a model of the served schema."
            )
        return by_family(self.shap(matrix), FAMILY_OF)

    def shap(self, matrix: Float32Array) -> Float32Array:
        """Float32 (n, m + 1): each feature's part of the sum, and a bias of 0.

        These are the SHAP values too where features are independent (Lundberg and Lee 2017), for
        the mean of a standardised feature is 0.
        """
        return np.pad(self._checked(matrix) * self.weights, ((0, 0), (0, 1)))

    def _checked(self, matrix: Float32Array) -> Float32Array:
        width = len(self.weights)
        if matrix.ndim != 2 or matrix.shape[1] != width:  # noqa: PLR2004 - a matrix
            raise RankingError(
                f"The matrix has shape {matrix.shape}, the model takes (n, {width})."
            )
        return self.standardisation(matrix)


def _hashed_id(weights: Float32Array, standardisation: Standardisation) -> str:
    digest = hashlib.sha256()
    for values in (weights, standardisation.means, standardisation.scales):
        digest.update(values.tobytes())
    return f"linear@{digest.hexdigest()[:12]}"


def train_linear(
    dataset: RankingDataset, *, seed: int, l2: float = 0.01, pairs_per_query: int = 100
) -> LinearRanker:
    """Fit on at most ``pairs_per_query`` random pairs a query, and 200,000 in all.

    Raises:
        RankingError: ``NOTHING_TO_LEARN``, no query has two candidates of different grades.
    """
    limit = min(pairs_per_query, max(_MOST_PAIRS // max(len(dataset.sizes), 1), 1))
    standardisation = _fit_standardisation(dataset.matrix)
    rng = np.random.default_rng(seed)
    pairs = [
        _pairs(dataset.labels[rows], rng=rng, limit=limit) + rows.start for rows in dataset.groups()
    ]
    better, worse = np.concatenate([np.empty((2, 0), dtype=np.intp), *pairs], axis=1)
    if not len(better):
        raise RankingError(
            "No query has two candidates of different grades; nothing to learn.",
            reason="NOTHING_TO_LEARN",
        )
    differences = standardisation(dataset.matrix[better]).astype(np.float64)
    differences -= standardisation(dataset.matrix[worse])
    weights = _minimise(differences, l2=l2)
    return LinearRanker(weights.astype(np.float32), standardisation=standardisation)


def _fit_standardisation(matrix: Float32Array) -> Standardisation:
    known = np.isfinite(matrix)
    counts = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, matrix, 0).sum(axis=0, dtype=np.float64) / counts
    # Column by column: the whole matrix in float64 would be twice the training data.
    deviations = np.array(
        [
            np.sqrt(np.square(column[kept] - mean, dtype=np.float64).sum() / count)
            for column, kept, mean, count in zip(matrix.T, known.T, means, counts, strict=True)
        ]
    )
    vary = deviations > 1e-6  # noqa: PLR2004 - less is rounding
    scales = np.where(vary, 1 / np.where(vary, deviations, 1), 0)
    return Standardisation(means=means.astype(np.float32), scales=scales.astype(np.float32))


def _pairs(
    labels: npt.NDArray[np.int32], *, rng: np.random.Generator, limit: int
) -> npt.NDArray[np.intp]:
    """Rows (2, p): a better one above a worse one; of a long query, pairs among some rows."""
    rows = np.arange(len(labels))
    if len(rows) > _MOST_ROWS_PAIRED:
        rows = rng.permutation(rows)[:_MOST_ROWS_PAIRED]
    better, worse = np.nonzero(labels[rows, None] > labels[None, rows])
    drawn = rng.permutation(len(better))[:limit]
    return np.array((rows[better[drawn]], rows[worse[drawn]]), dtype=np.intp)


def _minimise(differences: _Float64Array, *, l2: float) -> _Float64Array:
    """Newton's method on the squared hinge; each step solves for the pairs now violated."""
    count, width = differences.shape
    weights = np.zeros(width)
    violated = np.ones(count, dtype=np.bool_)
    for _ in range(_NEWTON_STEPS):
        active = differences[violated]
        hessian = l2 * np.eye(width) + 2 / count * active.T @ active
        target = np.linalg.solve(hessian, 2 / count * active.sum(axis=0))
        weights = _line_search(weights, target, differences, l2=l2)
        now = differences @ weights < 1
        if np.array_equal(now, violated):
            break
        violated = now
    return weights


def _line_search(
    start: _Float64Array, target: _Float64Array, differences: _Float64Array, *, l2: float
) -> _Float64Array:
    """The first halving of the way to ``target`` that lowers the objective, else ``start``."""
    before = _objective(start, differences, l2=l2)
    step = 1.0
    while step > 1e-6:  # noqa: PLR2004 - a millionth of the way is no way
        candidate = start + step * (target - start)
        if _objective(candidate, differences, l2=l2) < before:
            return candidate
        step /= 2
    return start


def _objective(weights: _Float64Array, differences: _Float64Array, *, l2: float) -> float:
    hinges = np.maximum(1 - differences @ weights, 0)
    return float(l2 / 2 * weights @ weights + np.mean(hinges**2))
