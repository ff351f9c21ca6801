"""The search tries what it may, keeps what did best, and is the same every time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ranker.boosting import TrainingSettings
from ranker.dataset import RankingDataset
from ranker.errors import RankingError
from ranker.parameter_search import SearchBudget, drawn, search

# Nothing can be learnt in leaves of a thousand rows, for there are four hundred.
HOPELESS = TrainingSettings(rounds=10, patience=5, min_rows_in_leaf=1000, threads=1)


@pytest.fixture(scope="module")
def dataset() -> RankingDataset:
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((400, 3)).astype(np.float32)
    return RankingDataset(
        matrix=matrix,
        labels=np.searchsorted([0.0, 1.0], matrix[:, 0]).astype(np.int32),
        sizes=np.full(40, 10, dtype=np.int32),
        names=("a", "b", "c"),
        directions=(0, 0, 0),
    )


def test_what_cannot_learn_is_left_behind(dataset: RankingDataset) -> None:
    found = search(dataset, budget=SearchBudget(trials=6, folds=3), seed=1, start=HOPELESS)
    assert found.settings.min_rows_in_leaf < 1000
    assert found.settings.rounds == 10
    assert len(found.trials) == 6
    # All six on the first fold, the better three on the second, the better two on the third.
    assert sorted(len(trial.ndcg) for trial in found.trials) == [1, 1, 1, 2, 3, 3]
    assert found.trials[0].mean >= found.trials[1].mean
    assert [trial.settings for trial in found.trials].count(HOPELESS) == 1


def test_same_seed_same_search(dataset: RankingDataset) -> None:
    budget = SearchBudget(trials=3, folds=2)
    first, again = (search(dataset, budget=budget, seed=4, start=HOPELESS) for _ in range(2))
    assert first == again


def test_time_ends_it_and_something_is_always_tried(dataset: RankingDataset) -> None:
    budget = SearchBudget(trials=1000, seconds=0.01, folds=3)
    found = search(dataset, budget=budget, seed=1, start=HOPELESS)
    assert found.settings == HOPELESS
    assert len(found.trials) == 1
    assert found.trials[0].ndcg


def test_what_is_drawn_lies_in_its_range() -> None:
    rng = np.random.default_rng(0)
    made = [drawn(TrainingSettings(rounds=7, threads=3), rng=rng) for _ in range(200)]
    assert {settings.rounds for settings in made} == {7}
    assert {settings.threads for settings in made} == {3}
    rates = [settings.learning_rate for settings in made]
    assert 0.02 <= min(rates) < 0.03
    assert 0.15 < max(rates) <= 0.2
    # Evenly over logarithms: as many below the geometric middle as above.
    assert 0.4 < np.mean(np.array(rates) < math.sqrt(0.02 * 0.2)) < 0.6
    assert {settings.truncation for settings in made} == {10, 15, 20, 30, 50}


@pytest.mark.parametrize(
    "budget", [SearchBudget(trials=0), SearchBudget(folds=1), SearchBudget(seconds=0.0)]
)
def test_a_budget_of_nothing_is_refused(dataset: RankingDataset, budget: SearchBudget) -> None:
    with pytest.raises(RankingError) as caught:
        search(dataset, budget=budget, seed=1)
    assert caught.value.reason == "SEARCH_BUDGET"
