"""Training learns what the grades say, the same way every time, and keeps to common sense."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ranker.columns import CandidateColumns, QueryFacts
from ranker.dataset import JudgedQuery, RankingDataset
from ranker.errors import RankingError
from ranker.features.schema import FEATURES
from ranker.parameter_search import SearchBudget
from ranker.train import TrainedRanker, TrainingSettings, train, train_dataset

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


def numbered(matrix: np.ndarray, labels: list[int], sizes: list[int]) -> RankingDataset:
    width = matrix.shape[1]
    return RankingDataset(
        matrix=matrix.astype(np.float32),
        labels=np.array(labels, dtype=np.int32),
        sizes=np.array(sizes, dtype=np.int32),
        names=tuple(f"f{place}" for place in range(width)),
        directions=(0,) * width,
    )


def learnable(queries: int = 12, rows: int = 10) -> tuple[np.ndarray, list[int]]:
    matrix = np.random.default_rng(1).standard_normal((queries * rows, 3))
    return matrix, np.searchsorted([0.0, 1.0], matrix[:, 0]).tolist()


def test_unknown_infinite_and_constant_features_do_no_harm() -> None:
    matrix, labels = learnable()
    matrix[::3, 1] = np.nan
    matrix[::5, 1] = np.inf
    matrix[1::5, 1] = -np.inf
    matrix[:, 2] = 7
    trained = train_dataset(numbered(matrix, labels, [10] * 12), seed=1, settings=FEW)
    assert np.isfinite(trained.metrics["ndcg@10"])
    assert np.isfinite(trained.metrics["linear_ndcg@10"])


def test_reference_rows_and_sample_come_from_the_data() -> None:
    matrix, labels = learnable()
    dataset = numbered(matrix, labels, [10] * 12)
    trained = train_dataset(dataset, seed=1, settings=FEW)
    assert len(trained.reference_rows) == 120
    np.testing.assert_array_equal(trained.reference_rows, dataset.matrix)
    assert trained.sample.shape == (64, 3)


def test_a_search_is_reported_and_its_best_is_taken() -> None:
    matrix, labels = learnable(queries=20)
    hopeless = replace(FEW, min_rows_in_leaf=10_000)
    trained = train_dataset(
        numbered(matrix, labels, [10] * 20),
        seed=1,
        settings=hopeless,
        budget=SearchBudget(trials=4, folds=2),
    )
    assert trained.settings.min_rows_in_leaf < 10_000
    tried = trained.report["tried"]
    assert isinstance(tried, list)
    assert len(tried) == 4
    assert tried[0]["leaves"] == trained.settings.leaves


def test_bags_add_up() -> None:
    matrix, labels = learnable()
    dataset = numbered(matrix, labels, [10] * 12)
    trained = train_dataset(dataset, seed=1, settings=replace(FEW, bags=3))
    assert trained.model.count("\nTree=") == 3 * trained.rounds
    single = train_dataset(dataset, seed=1, settings=FEW)
    assert single.metrics == trained.metrics


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [
        (numbered(np.empty((0, 2)), [], []), "TOO_FEW_QUERIES"),
        (numbered(np.ones((1, 1)), [1], [1]), "NOTHING_TO_LEARN"),
        (numbered(np.arange(2.0)[:, None], [0, 1], [2]), "TOO_FEW_QUERIES"),
        (numbered(np.arange(4.0)[:, None], [1, 1, 1, 1], [2, 2]), "NOTHING_TO_LEARN"),
        (numbered(np.ones((4, 2)), [0, 1, 0, 1], [2, 2]), "NOTHING_TO_LEARN"),
        (numbered(np.full((4, 2), np.nan), [0, 1, 0, 1], [2, 2]), "NOTHING_TO_LEARN"),
        (numbered(np.arange(4.0)[:, None], [0, 1, 0, 1], [2, 1]), "TRAINING_DATA"),
        (replace(numbered(np.ones((2, 2)), [0, 1], [2]), names=("one",)), "TRAINING_DATA"),
        (numbered(np.arange(4.0)[:, None], [0, 9, 0, 1], [2, 2]), "RANKING_FAILED"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(dataset: RankingDataset, reason: str) -> None:
    with pytest.raises(RankingError) as caught:
        train_dataset(dataset, seed=1, settings=FEW)
    assert caught.value.reason == reason


def test_two_small_queries_are_enough() -> None:
    dataset = numbered(np.arange(4.0)[:, None], [0, 1, 0, 1], [2, 2])
    trained = train_dataset(dataset, seed=1, settings=FEW)
    assert trained.rounds >= 1
    assert trained.metrics["linear_ndcg@10"] == 1.0
