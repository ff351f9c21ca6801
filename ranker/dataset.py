"""Training data: queries with their candidates and grades, as one matrix in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ranker.baseline import RetrievalOrder, Rules
from ranker.columns import CandidateColumns, Float32Array, Int32Array, QueryFacts
from ranker.errors import RankingError
from ranker.features.schema import FEATURES, compute
from ranker.judgments import checked_grades

FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
"""Columns of the served schema."""

FEATURE_DIRECTIONS: tuple[int, ...] = tuple(feature.direction for feature in FEATURES)
"""Their monotone constraints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedQuery:
    """One query, its candidates, and how well each answers.

    Attributes:
        query: What is known of the query.
        candidates: n candidates in retrieval order.
        grades: Whole grades 0 to 4, (n,).
        key: Queries with the same key (translations of one question) stay on one side of a split;
            empty stands for a key of its own.
    """

    query: QueryFacts
    candidates: CandidateColumns
    grades: Int32Array
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingDataset:
    """Queries as training takes them.

    Attributes:
        matrix: Features float32 (rows, m), the rows of a query together.
        labels: Grades int32 (rows,).
        sizes: Rows of each query, int32 (queries,).
        names: Of the m columns; those of the served schema unless it says otherwise.
        directions: Monotone constraint of each column, -1, 0 or 1.
        keys: Of each query; equal keys stay on one side of a split, an empty key is one of its own.
            No keys at all are as many empty ones.
        times: Unix seconds of each query, float64 (queries,); None where they have no time.
        baselines: By name, the scores float32 (rows,) of rankers to compare with.
    """

    matrix: Float32Array
    labels: Int32Array
    sizes: Int32Array
    names: tuple[str, ...] = FEATURE_NAMES
    directions: tuple[int, ...] = FEATURE_DIRECTIONS
    keys: tuple[str, ...] = ()
    times: npt.NDArray[np.float64] | None = None
    baselines: Mapping[str, Float32Array] = field(default_factory=dict)

    def groups(self) -> list[slice]:
        """The rows of each query."""
        stops = np.cumsum(self.sizes).tolist()
        return [slice(stop - size, stop) for stop, size in zip(stops, self.sizes, strict=True)]

    def split_keys(self) -> list[str]:
        """A key for every query, made up where it has none."""
        keys = self.keys or ("",) * len(self.sizes)
        return [key or f"\0{place}" for place, key in enumerate(keys)]

    def take(self, queries: npt.NDArray[np.intp]) -> RankingDataset:
        """The queries at these places, in this order, with their rows."""
        starts = (np.cumsum(self.sizes) - self.sizes)[queries]
        sizes = self.sizes[queries]
        firsts = np.cumsum(sizes) - sizes
        rows = np.arange(sizes.sum()) + np.repeat(starts - firsts, sizes)
        return RankingDataset(
            matrix=self.matrix[rows],
            labels=self.labels[rows],
            sizes=sizes,
            names=self.names,
            directions=self.directions,
            keys=tuple(self.keys[place] for place in queries) if self.keys else (),
            times=None if self.times is None else self.times[queries],
            baselines={name: scores[rows] for name, scores in self.baselines.items()},
        )

    def informative(self) -> npt.NDArray[np.bool_]:
        """Which queries have two rows of different grades, bool (queries,)."""
        told = [
            size > 1 and self.labels[rows].min() < self.labels[rows].max()
            for rows, size in zip(self.groups(), self.sizes, strict=True)
        ]
        return np.array(told, dtype=np.bool_)


def assemble(queries: Sequence[JudgedQuery]) -> RankingDataset:
    """The matrix of all queries, in order, beside the scores of retrieval and of the rules.

    Raises:
        RankingError: the grades of a query are not one whole grade from 0 to 4 a candidate.
    """
    matrices = [compute(judged.query, judged.candidates) for judged in queries]
    labels = [
        checked_grades(judged.grades, candidates=len(judged.candidates)) for judged in queries
    ]
    none = np.empty(0, dtype=np.float32)
    baselines = {
        baseline.id: np.concatenate(
            [
                none,
                *(
                    baseline.score(baseline.features(judged.query, judged.candidates))
                    for judged in queries
                ),
            ]
        )
        for baseline in (RetrievalOrder(), Rules())
    }
    return RankingDataset(
        matrix=np.concatenate([np.empty((0, len(FEATURES)), dtype=np.float32), *matrices]),
        labels=np.concatenate([np.empty(0, dtype=np.int32), *labels]),
        sizes=np.array([len(label) for label in labels], dtype=np.int32),
        keys=tuple(judged.key for judged in queries),
        baselines=baselines,
    )


def split_by_query(
    queries: Sequence[JudgedQuery], *, held_out_share: float, seed: int
) -> tuple[list[JudgedQuery], list[JudgedQuery]]:
    """Queries to train on and queries held out, at random; equal keys stay together.

    At least one key is held out, and one kept.

    Raises:
        RankingError: the share is not between 0 and 1, or there are fewer than two keys.
    """
    if not 0 < held_out_share < 1:
        raise RankingError(f"held_out_share is {held_out_share}; give a number between 0 and 1.")
    keys = [judged.key or f"\0{place}" for place, judged in enumerate(queries)]
    distinct = list(dict.fromkeys(keys))
    if len(distinct) <= 1:
        raise RankingError(
            "There is only one query (or translations of one); some are held out to measure on, so"
            " give two or more."
        )
    count = min(max(round(len(distinct) * held_out_share), 1), len(distinct) - 1)
    drawn = np.random.default_rng(seed).permutation(len(distinct))[:count]
    held = {distinct[place] for place in drawn}
    kept_out = [judged for judged, key in zip(queries, keys, strict=True) if key in held]
    kept = [judged for judged, key in zip(queries, keys, strict=True) if key not in held]
    return kept, kept_out
