"""A ranker measured on other data: what it says is the mean of its queries."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from ranker.boosting import query_ndcg
from ranker.dataset import RankingDataset
from ranker.train import TrainingSettings, train_dataset
from ranker.trial_file import measured_on


def drawn(seed: int) -> RankingDataset:
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((200, 3)).astype(np.float32)
    liking = matrix[:, 1] + rng.normal(0, 1, 200)
    return RankingDataset(
        matrix=matrix,
        labels=np.searchsorted([0.0, 1.0], liking).astype(np.int32),
        sizes=np.full(20, 10, dtype=np.int32),
        names=("a", "b", "c"),
        directions=(0, 0, 0),
    )


def test_the_mean_of_unseen_queries() -> None:
    settings = TrainingSettings(rounds=10, min_rows_in_leaf=5, threads=1, bags=2)
    trained = train_dataset(drawn(1), seed=1, settings=settings)
    unseen = drawn(2)
    said = measured_on(trained, unseen)
    scores = np.asarray(lightgbm.Booster(model_str=trained.model).predict(unseen.matrix))
    assert said["valid_ndcg@10"] == pytest.approx(np.mean(query_ndcg(scores, unseen)))
    assert trained.linear is not None
    linear = query_ndcg(trained.linear.score(unseen.matrix), unseen)
    assert said["valid_linear_ndcg@10"] == pytest.approx(np.mean(linear))
    assert isinstance(said["valid_interval"], list)
    assert said["valid_interval"][0] < said["valid_interval"][1]
