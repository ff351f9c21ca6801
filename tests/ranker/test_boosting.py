"""Growing trees: constraints hold, curves say when to stop, NDCG of queries by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ranker.boosting import TrainingSettings, all_threads, binned, grow, predicted, query_ndcg
from ranker.dataset import RankingDataset

SETTINGS = TrainingSettings(rounds=60, patience=5, min_rows_in_leaf=5, threads=1)


def noisy(seed: int, *, queries: int = 40) -> RankingDataset:
    """Ten rows a query, graded by the first of two features and chance."""
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((queries * 10, 2)).astype(np.float32)
    liking = matrix[:, 0] + rng.normal(0, 1, len(matrix))
    return RankingDataset(
        matrix=matrix,
        labels=np.searchsorted([0.0, 1.0], liking).astype(np.int32),
        sizes=np.full(queries, 10, dtype=np.int32),
        names=("a", "b"),
        directions=(0, 0),
    )


def test_growing_stops_where_held_out_queries_are_ordered_best() -> None:
    training, validation = noisy(1), noisy(2)
    bins = binned(training)
    grown = grow(
        bins,
        settings=SETTINGS,
        directions=(0, 0),
        seed=1,
        validation=binned(validation, like=bins),
        watch_training=True,
    )
    held_out = grown.curve["held out"]
    assert grown.rounds == 1 + int(np.argmax(held_out))
    assert len(held_out) == grown.rounds + SETTINGS.patience < SETTINGS.rounds
    assert len(grown.curve["training"]) == len(held_out)
    scores = predicted(grown.booster, validation.matrix, rounds=grown.rounds)
    assert np.mean(query_ndcg(scores, validation)) == pytest.approx(max(held_out), abs=1e-6)


@pytest.mark.parametrize("direction", [-1, 1])
def test_constraints_hold_whatever_the_data_says(direction: int) -> None:
    grown = grow(binned(noisy(1)), settings=SETTINGS, directions=(direction, 0), seed=1, rounds=30)
    line = np.stack([np.linspace(-3, 3, 50), np.zeros(50)], axis=1).astype(np.float32)
    steps = np.diff(predicted(grown.booster, line, rounds=30))
    assert (direction * steps >= -1e-6).all()
    assert bool(steps.any()) == (direction > 0)


def test_ndcg_of_queries_by_hand() -> None:
    dataset = RankingDataset(
        matrix=np.zeros((5, 1), dtype=np.float32),
        labels=np.array([0, 1, 2, 0, 0], dtype=np.int32),
        sizes=np.array([3, 2], dtype=np.int32),
    )
    first, nothing = query_ndcg(np.array([3, 2, 1, 0, 0], dtype=np.float32), dataset)
    # Shown 0, 1, 2: (1 / log2(3) + 3 / 2) over (3 + 1 / log2(3)).
    assert first == pytest.approx((1 / math.log2(3) + 1.5) / (3 + 1 / math.log2(3)))
    assert math.isnan(nothing)


def test_all_cores_are_taken_by_default() -> None:
    assert TrainingSettings().threads == all_threads() >= 1
