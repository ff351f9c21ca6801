"""What a ranker is: the contract of the model, the linear twin and the baselines."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ranker.columns import CandidateColumns, Float32Array, QueryFacts


class Ranker(Protocol):
    """Scores the candidates of one query. Pure: same columns, same scores; any thread may call.

    Raises (any method):
        RankingError: the model cannot score (a broken model, a feature matrix it was not made for).
    """

    @property
    def id(self) -> str:
        """Name and hash of the version, ``retrieval`` for retrieval order."""

    def features(self, query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
        """The matrix float32 (n, m) that `score` takes, C-contiguous; NaN where unknown."""

    def score(self, matrix: Float32Array) -> Float32Array:
        """Scores float32 (n,), finite; larger is better."""

    def contributions(self, matrix: Float32Array) -> dict[str, Float32Array]:
        """By feature family and ``bias``, float32 (n,): they add up to the scores (±1e-4)."""


@runtime_checkable
class Twinned(Protocol):
    """A ranker that has a plain twin, which can answer where it fails."""

    @property
    def twin(self) -> Ranker | None:
        """A ranker of the same features; None where the version has none."""
