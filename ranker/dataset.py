"""Training data: queries with their candidates and grades, as one matrix in groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ranker.columns import CandidateColumns, Float32Array, Int32Array, QueryFacts
from ranker.errors import RankingError
from ranker.features.schema import FEATURES, compute
from ranker.judgments import checked_grades


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
    """

    matrix: Float32Array
    labels: Int32Array
    sizes: Int32Array

    def groups(self) -> list[slice]:
        """The rows of each query."""
        stops = np.cumsum(self.sizes).tolist()
        return [slice(stop - size, stop) for stop, size in zip(stops, self.sizes, strict=True)]


def assemble(queries: Sequence[JudgedQuery]) -> RankingDataset:
    """The matrix of all queries, in order.

    Raises:
        RankingError: the grades of a query are not one whole grade from 0 to 4 a candidate.
    """
    matrices = [compute(judged.query, judged.candidates) for judged in queries]
    labels = [
        checked_grades(judged.grades, candidates=len(judged.candidates)) for judged in queries
    ]
    return RankingDataset(
        matrix=np.concatenate([np.empty((0, len(FEATURES)), dtype=np.float32), *matrices]),
        labels=np.concatenate([np.empty(0, dtype=np.int32), *labels]),
        sizes=np.array([len(label) for label in labels], dtype=np.int32),
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
        raise RankingError("Holding queries out takes two or more of different keys.")
    count = min(max(round(len(distinct) * held_out_share), 1), len(distinct) - 1)
    drawn = np.random.default_rng(seed).permutation(len(distinct))[:count]
    held = {distinct[place] for place in drawn}
    kept_out = [judged for judged, key in zip(queries, keys, strict=True) if key in held]
    kept = [judged for judged, key in zip(queries, keys, strict=True) if key not in held]
    return kept, kept_out
