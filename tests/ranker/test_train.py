"""Training learns what the grades say, the same way every time, and keeps to common sense."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ranker.columns import CandidateColumns, QueryFacts
from ranker.dataset import JudgedQuery
from ranker.errors import RankingError
from ranker.features.schema import FEATURES
from ranker.train import TrainedRanker, TrainingSettings, train

FEW = TrainingSettings(rounds=5, min_rows_in_leaf=10)


def test_beats_retrieval_on_queries_held_out(trained: TrainedRanker) -> None:
    assert trained.metrics["ndcg@10"] > 0.9
    assert trained.metrics["ndcg@10"] > trained.metrics["retrieval_ndcg@10"] + 0.3
    assert trained.metrics["linear_ndcg@10"] > trained.metrics["retrieval_ndcg@10"] + 0.2
    assert trained.metrics["queries"] == 32
    assert trained.metrics["held_out_queries"] == 8
    assert 1 <= trained.rounds <= 40


def test_same_seed_same_model(judged_queries: list[JudgedQuery]) -> None:
    first, again, other = (
        train(judged_queries, seed=seed, settings=FEW).model for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_threads_do_not_change_the_model(judged_queries: list[JudgedQuery]) -> None:
    def trees(threads: int) -> str:
        model = train(judged_queries, seed=1, settings=replace(FEW, threads=threads)).model
        return model[: model.index("parameters:")]

    assert trees(1) == trees(2)


def test_scores_never_fall_as_a_match_gets_better(
    trained: TrainedRanker, judged_queries: list[JudgedQuery]
) -> None:
    ranker = trained.ranker()
    matrix = ranker.features(judged_queries[0].query, judged_queries[0].candidates)
    before = ranker.score(matrix)
    for column, feature in enumerate(FEATURES):
        if feature.direction:
            better = matrix.copy()
            better[:, column] += np.float32(0.7 * feature.direction)
            assert (ranker.score(better) >= before - 1e-6).all(), feature.name


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_queries(judged_queries: list[JudgedQuery], count: int) -> None:
    with pytest.raises(RankingError, match="two or more"):
        train(judged_queries[:count], seed=1)


def test_grades_that_say_nothing(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    same = [
        JudgedQuery(query=query(), candidates=candidates(3), grades=np.ones(3, dtype=np.int32))
        for _ in range(4)
    ]
    with pytest.raises(RankingError, match="nothing to learn"):
        train(same, seed=1)
