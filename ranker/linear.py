"""The linear twin of the boosted model: a ranking SVM, to see what trees are worth.

Chapelle and Keerthi (2010): weights w that minimise ``l2 / 2 |w|² + mean(max(0, 1 - w · d)²)`` over
differences d between a better and a worse candidate of one query, by Newton steps. Features are
standardised over the training rows; an unknown value counts as the mean.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.dataset import RankingDataset
from ranker.errors import RankingError
from ranker.explain import by_family
from ranker.features.schema import FAMILY_OF, FEATURES, compute

_Float64Array = npt.NDArray[np.float64]

_NEWTON_STEPS = 50


class LinearRanker:
    """A `Ranker` that scores with a weighted sum of standardised features."""

    def __init__(self, *, weights: Float32Array, means: Float32Array, scales: Float32Array) -> None:
        """Weights of standardised features, and what standardises them; float32 (m,) each."""
        self._weights = (weights * scales).astype(np.float32)
        self._means = means.astype(np.float32)
        digest = hashlib.sha256(self._weights.tobytes() + self._means.tobytes())
        self._id = f"linear@{digest.hexdigest()[:12]}"

    @property
    def id(self) -> str:
        """``linear@`` and twelve hexadecimal digits of the weights' SHA-256."""
        return self._id

    def features(self, query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
        """The matrix of the current schema."""
        return compute(query, candidates)

    def score(self, matrix: Float32Array) -> Float32Array:
        """Sum of `contributions`."""
        scores: Float32Array = self._centred(matrix) @ self._weights
        return scores

    def contributions(self, matrix: Float32Array) -> dict[str, Float32Array]:
        """Each feature's part of the sum, by family; the bias is 0."""
        parts = self._centred(matrix) * self._weights
        return by_family(np.pad(parts, ((0, 0), (0, 1))), FAMILY_OF)

    def _centred(self, matrix: Float32Array) -> Float32Array:
        if matrix.ndim != 2 or matrix.shape[1] != len(FEATURES):  # noqa: PLR2004 - a matrix
            raise RankingError(
                f"The matrix has shape {matrix.shape}, the model takes (n, {len(FEATURES)})."
            )
        return np.nan_to_num(matrix - self._means, nan=0, posinf=0, neginf=0)


def train_linear(
    dataset: RankingDataset, *, seed: int, l2: float = 0.01, pairs_per_query: int = 500
) -> LinearRanker:
    """Fit on at most ``pairs_per_query`` random pairs a query.

    Raises:
        RankingError: no query has two candidates of different grades.
    """
    known = np.isfinite(dataset.matrix)
    counts = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, dataset.matrix, 0).sum(axis=0, dtype=np.float64) / counts
    centred = np.where(known, dataset.matrix - means, 0)
    deviations = np.sqrt(np.square(centred).sum(axis=0) / counts)
    scales = np.where(deviations > 0, 1 / np.where(deviations > 0, deviations, 1), 0)
    rng = np.random.default_rng(seed)
    pairs = [
        _pairs(dataset.labels[rows], rng=rng, limit=pairs_per_query) + rows.start
        for rows in dataset.groups()
    ]
    better, worse = np.concatenate([np.empty((2, 0), dtype=np.intp), *pairs], axis=1)
    if not len(better):
        raise RankingError("No query has two candidates of different grades; nothing to learn.")
    weights = _minimise((centred[better] - centred[worse]) * scales, l2=l2)
    return LinearRanker(
        weights=weights.astype(np.float32),
        means=means.astype(np.float32),
        scales=scales.astype(np.float32),
    )


def _pairs(
    labels: npt.NDArray[np.int32], *, rng: np.random.Generator, limit: int
) -> npt.NDArray[np.intp]:
    """Rows (2, p): a better one above a worse one."""
    better, worse = np.nonzero(labels[:, None] > labels[None, :])
    drawn = rng.permutation(len(better))[:limit]
    return np.array((better[drawn], worse[drawn]), dtype=np.intp)


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
