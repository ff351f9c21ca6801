"""Models added up score with the sum of their scores, however many trees they have."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from ranker.bagging import added_up
from ranker.boosting import TrainingSettings, binned, grow
from ranker.dataset import RankingDataset
from ranker.errors import RankingError


@pytest.fixture(scope="module")
def dataset() -> RankingDataset:
    rng = np.random.default_rng(2)
    matrix = rng.standard_normal((300, 3)).astype(np.float32)
    matrix[::7, 1] = np.nan
    return RankingDataset(
        matrix=matrix,
        labels=np.searchsorted([0.0, 1.0], matrix[:, 0] + np.nan_to_num(matrix[:, 1])).astype(
            np.int32
        ),
        sizes=np.full(30, 10, dtype=np.int32),
        names=("a", "b", "c"),
        directions=(1, 0, 0),
    )


def model(dataset: RankingDataset, *, seed: int, rounds: int) -> str:
    settings = TrainingSettings(min_rows_in_leaf=5, threads=1)
    grown = grow(
        binned(dataset), settings=settings, directions=dataset.directions, seed=seed, rounds=rounds
    )
    assert grown.rounds == rounds
    assert grown.curve == {}
    return grown.booster.model_to_string()


def test_scores_add_up(dataset: RankingDataset) -> None:
    models = [model(dataset, seed=1, rounds=12), model(dataset, seed=2, rounds=3)]
    both = lightgbm.Booster(model_str=added_up(models))
    assert both.num_trees() == 15
    parts = [lightgbm.Booster(model_str=each).predict(dataset.matrix) for each in models]
    np.testing.assert_allclose(both.predict(dataset.matrix), parts[0] + parts[1], rtol=1e-12)
    assert both.feature_name() == ["a", "b", "c"]


def test_one_model_stays_as_it_is(dataset: RankingDataset) -> None:
    alone = model(dataset, seed=1, rounds=11)
    assert added_up([alone]) == alone


@pytest.mark.parametrize("models", [[], ["no model"], ["tree\nend of trees\n"]])
def test_what_is_no_model_is_refused(models: list[str]) -> None:
    with pytest.raises(RankingError) as caught:
        added_up(models)
    assert caught.value.reason == "MODEL_MALFORMED"


def test_other_features_are_refused(dataset: RankingDataset) -> None:
    alone = model(dataset, seed=1, rounds=2)
    other = alone.replace("feature_names=a b c", "feature_names=a b d")
    with pytest.raises(RankingError, match="different features"):
        added_up([alone, other])
