"""What a feature family is: names, the way each may push a score, and one pure function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ranker.columns import CandidateColumns, Float32Array, QueryFacts

Direction = Literal[-1, 0, 1]
"""The way a score may go as a feature grows: down, either, up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column of the matrix.

    Attributes:
        name: Unique among all families, ``snake_case``.
        direction: Monotone constraint kept in training, where sense demands one.
    """

    name: str
    direction: Direction = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Features made together.

    Attributes:
        name: Under which contributions are added up.
        version: Raised whenever the values of a feature change, so that models trained on the old
            values are refused.
        features: In the order of the rows that ``compute`` gives.
        compute: Query and n candidates to float32 (features, n). NaN where unknown, never an error;
            permuting the candidates permutes the columns alike. n may be 0.
    """

    name: str
    version: int
    features: tuple[Feature, ...]
    compute: Callable[[QueryFacts, CandidateColumns], Float32Array]

    def named(self, query: QueryFacts, candidates: CandidateColumns) -> dict[str, Float32Array]:
        """The features by name, each float32 (n,)."""
        rows = self.compute(query, candidates)
        return {feature.name: row for feature, row in zip(self.features, rows, strict=True)}
