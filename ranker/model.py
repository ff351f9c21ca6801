"""The served model: gradient boosted trees (LightGBM) over the feature matrix."""

from __future__ import annotations

import hashlib
from typing import Protocol

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.errors import RankingError
from ranker.explain import by_family
from ranker.features.schema import FAMILY_OF, FEATURES, compute
from ranker.plain_lightgbm import lightgbm
from ranker.protocol import Ranker


class TreeEngine(Protocol):
    """Another way to run the trees. Pure; any thread may call."""

    def score(self, matrix: Float32Array) -> Float32Array:
        """Scores float32 (n,) of rows float32 (n, m), n at least 1.

        Raises:
            RankingError: the engine fails.
        """


def version_id(name: str, model: str) -> str:
    """``name@`` and twelve hexadecimal digits of the model text's SHA-256."""
    return f"{name}@{hashlib.sha256(model.encode()).hexdigest()[:12]}"


class BoostedRanker:
    """A `Ranker` that scores with a LightGBM model of the current feature schema.

    Scoring uses one thread: waking more costs more than a few hundred rows take.
    """

    def __init__(self, model: str, *, name: str) -> None:
        """Parse ``model``, LightGBM's text format; only text that is trusted (see `registry`).

        Raises:
            RankingError: LightGBM does not take the text, or it has other features than the schema.
        """
        try:
            self._booster = lightgbm.Booster(model_str=model)
        except lightgbm.basic.LightGBMError as error:
            raise RankingError(f"LightGBM cannot read the model: {error}") from error
        if self._booster.num_feature() != len(FEATURES):
            raise RankingError(
                f"The model takes {self._booster.num_feature()} features, the schema has"
                f" {len(FEATURES)}; train it again."
            )
        self._id = version_id(name, model)
        self._trees: TreeEngine | None = None
        self.engine_reason = "no other engine was offered"
        """Why LightGBM scores; empty where ONNX Runtime does."""
        self.twin: Ranker | None = None
        """The linear twin of the version, to answer where the trees fail; None where none is."""

    @property
    def id(self) -> str:
        """Name and hash of the version."""
        return self._id

    @property
    def engine(self) -> str:
        """What scores: ``lightgbm`` or ``onnxruntime``; contributions are always LightGBM's."""
        return "lightgbm" if self._trees is None else "onnxruntime"

    def on_lightgbm(self, reason: str) -> BoostedRanker:
        """This ranker, scored by LightGBM, and why; before it is served."""
        self._trees, self.engine_reason = None, reason
        return self

    def on_onnx(self, trees: TreeEngine) -> BoostedRanker:
        """This ranker, scored by ``trees``, which `engine_gate` let pass; before it is served."""
        self._trees, self.engine_reason = trees, ""
        return self

    def beside(self, twin: Ranker) -> BoostedRanker:
        """This ranker, with the twin of its version; before it is served."""
        self.twin = twin
        return self

    def features(self, query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
        """The matrix of the current schema."""
        return compute(query, candidates)

    def score(self, matrix: Float32Array) -> Float32Array:
        """Sum of the trees' leaves."""
        _require_width(matrix)
        if not len(matrix):
            return np.empty(0, dtype=np.float32)
        if self._trees is not None:
            return self._trees.score(matrix)
        return self._predict(matrix, contributions=False)

    def contributions(self, matrix: Float32Array) -> dict[str, Float32Array]:
        """SHAP values of the trees (Lundberg et al. 2018) added up by family.

        Costs about a hundred times a score: for explanations, not for every request.
        """
        return by_family(self.shap(matrix), FAMILY_OF)

    def shap(self, matrix: Float32Array) -> Float32Array:
        """SHAP values float32 (n, m + 1) of every feature, the bias last."""
        _require_width(matrix)
        if not len(matrix):
            return np.empty((0, len(FEATURES) + 1), dtype=np.float32)
        return self._predict(matrix, contributions=True)

    def _predict(self, matrix: Float32Array, *, contributions: bool) -> Float32Array:
        try:
            predicted = self._booster.predict(
                matrix, raw_score=True, pred_contrib=contributions, num_threads=1
            )
        except lightgbm.basic.LightGBMError as error:
            raise RankingError(f"LightGBM cannot score: {error}", reason="MODEL_FAILED") from error
        return np.asarray(predicted, dtype=np.float32)


def _require_width(matrix: Float32Array) -> None:
    if matrix.ndim != 2 or matrix.shape[1] != len(FEATURES):  # noqa: PLR2004 - a matrix
        raise RankingError(
            f"The matrix has shape {matrix.shape}, the model takes (n, {len(FEATURES)})."
        )
