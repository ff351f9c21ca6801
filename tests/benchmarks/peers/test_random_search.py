"""The search that every library gets: dealt folds, the same draws, the best trial, its rounds."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from benchmarks.peers.lightgbm_peer import LightGbm
from benchmarks.peers.random_search import (
    Budget,
    Fitted,
    Floats,
    Parameters,
    Rows,
    folds,
    ndcg_of_queries,
    search,
)

BUDGET = Budget(trials=3, folds=2, rounds=50, patience=5, seconds=60, threads=1, seed=4)


def queries(count: int) -> Rows:
    """Three rows a query; the first feature is the grade, the second its opposite."""
    labels = np.tile(np.array([0, 2, 1], np.int32), count)
    matrix = np.stack([labels, -labels], axis=1).astype(np.float32)
    return Rows(matrix=matrix, labels=labels, sizes=np.full(count, 3, np.int32))


class Chooser:
    """Scores with the column that ``column`` names: 0 is right, 1 is wrong."""

    def __init__(self) -> None:
        self.fits: list[tuple[int, int | None, int]] = []

    def defaults(self) -> Parameters:
        return {"column": 1}

    def draw(self, rng: np.random.Generator) -> Parameters:
        return {"column": int(rng.integers(2)) if len(self.fits) > 4 else 0}

    def fit(
        self, training: Rows, validation: Rows | None, *, parameters: Parameters, budget: Budget
    ) -> Fitted:
        held = None if validation is None else len(validation.sizes)
        self.fits.append((len(training.sizes), held, budget.rounds))
        column = int(parameters["column"])

        def score(matrix: Floats) -> Floats:
            chosen: Floats = matrix[:, column]
            return chosen

        return Fitted(score=score, rounds=10 * len(self.fits))


def test_the_best_trial_is_trained_once_more_on_everything() -> None:
    learner, test = Chooser(), queries(2)
    found = search(learner, training=queries(6), test=test.matrix, budget=BUDGET)
    assert found.parameters == {"column": 0}
    assert found.validated == 1.0
    assert found.trials == 3
    assert found.scores.tolist() == test.matrix[:, 0].tolist()
    # Two folds of each trial; then all six queries for the mean of the second trial's rounds.
    assert learner.fits[:4] == [(3, 3, 50)] * 4
    assert learner.fits[-1] == (6, None, 35)


def test_time_stops_new_trials_but_not_the_first() -> None:
    learner = Chooser()
    spent = Budget(trials=3, folds=2, rounds=50, patience=5, seconds=0, threads=1, seed=4)
    found = search(learner, training=queries(6), test=queries(1).matrix, budget=spent)
    assert found.trials == 1
    assert found.parameters == {"column": 1}


def test_folds_are_even_and_the_seeds() -> None:
    dealt = folds(10, count=4, seed=3)
    assert sorted(Counter(dealt.tolist()).values()) == [2, 2, 3, 3]
    assert (folds(10, count=4, seed=3) == dealt).all()
    assert (folds(10, count=4, seed=4) != dealt).any()


def test_rows_of_queries_stay_together() -> None:
    rows = Rows(
        matrix=np.arange(6, dtype=np.float32)[:, None],
        labels=np.arange(6, dtype=np.int32),
        sizes=np.array([1, 3, 2], np.int32),
    )
    taken = rows.of(np.array([True, False, True]))
    assert taken.labels.tolist() == [0, 4, 5]
    assert taken.sizes.tolist() == [1, 2]


def test_ndcg_of_each_query_and_none_where_nothing_is_relevant() -> None:
    labels = np.array([0, 2, 0, 0], np.int32)
    values = ndcg_of_queries(np.array([1.0, 1.0, 3.0, 2.0]), labels, [2, 2])
    # Equal scores keep their order, so the relevant row stands second.
    assert values == pytest.approx([1 / math.log2(3), math.nan], nan_ok=True)


def test_lightgbm_as_a_peer_learns_and_repeats_itself() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((400, 5)).astype(np.float32)
    labels = np.digitize(matrix[:, 2], (-0.5, 0.5, 1.0)).astype(np.int32)
    rows = Rows(matrix=matrix, labels=labels, sizes=np.full(20, 20, np.int32))
    learner = LightGbm()
    budget = Budget(trials=2, folds=2, rounds=30, patience=5, seconds=60, threads=1, seed=4)
    found = [search(learner, training=rows, test=matrix, budget=budget) for _ in range(2)]
    assert found[0].validated > 0.9
    assert (found[0].scores == found[1].scores).all()
