"""What a feature family is: names, the way each may push a score, and one pure function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.features.finish import Finish, Finisher
from ranker.features.scene import Scene

Direction = Literal[-1, 0, 1]
"""The way a score may go as a feature grows: down, either, up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column of the matrix.

    Attributes:
        name: Unique among all families, ``snake_case``.
        direction: Monotone constraint kept in training, where sense demands one.
        finish: How the values are made relative to the other candidates.
        of: Name of the feature of the same family whose values are, where not its own.
    """

    name: str
    direction: Direction = 0
    finish: Finish = Finish.NONE
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Features made together.

    What many features need, standardising and ranking, a family does not do: it names it in
    `Feature.finish`, so that `schema` does it once for the rows of all families.

    Attributes:
        name: Under which contributions are added up.
        version: Raised whenever the values of a feature change, so that models trained on the old
            values are refused.
        features: In the order of the rows of the matrix.
        give: Writes n candidates' values into rows float32 (features, n) that hold nothing yet; a
            row made of another (`Feature.of`) it may leave. NaN where unknown, never an error;
            permuting the candidates permutes the columns alike. n may be 0.
    """

    name: str
    version: int
    features: tuple[Feature, ...]
    give: Callable[[Scene, Float32Array], None]
    _finisher: Finisher = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once which rows are finished how."""
        object.__setattr__(self, "_finisher", finisher_of(self.features))

    def compute(self, query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
        """The family's own rows float32 (features, n), finished."""
        rows = np.empty((len(self.features), len(candidates)), dtype=np.float32)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            self.give(Scene.of(query, candidates), rows)
            self._finisher.finish(rows)
        return rows

    def named(self, query: QueryFacts, candidates: CandidateColumns) -> dict[str, Float32Array]:
        """The features by name, each float32 (n,)."""
        rows = self.compute(query, candidates)
        return {feature.name: row for feature, row in zip(self.features, rows, strict=True)}


def finisher_of(features: tuple[Feature, ...]) -> Finisher:
    """The finisher of rows that stand in the order of ``features``."""
    rows = {feature.name: row for row, feature in enumerate(features)}
    return Finisher.of(
        (feature.finish, row, rows[feature.of or feature.name])
        for row, feature in enumerate(features)
    )
