"""The boosted model and its linear twin as rankers: same contract, same answers to odd input."""

from collections.abc import Callable

import lightgbm
import numpy as np
import pytest

from ranker.columns import CandidateColumns, QueryFacts
from ranker.dataset import JudgedQuery, assemble
from ranker.errors import RankingError
from ranker.explain import FeatureExplainer
from ranker.features.schema import FAMILIES, FEATURES
from ranker.linear import train_linear
from ranker.model import BoostedRanker
from ranker.protocol import Ranker
from ranker.train import TrainedRanker

RequestMaker = Callable[[int, int], tuple[QueryFacts, CandidateColumns]]


@pytest.fixture(scope="module", params=["boosted", "linear"])
def ranker(
    request: pytest.FixtureRequest, trained: TrainedRanker, judged_queries: list[JudgedQuery]
) -> Ranker:
    """Return the boosted model, then its linear twin."""
    if request.param == "boosted":
        return trained.ranker()
    return train_linear(assemble(judged_queries), seed=7)


@pytest.mark.parametrize("count", [0, 1, 50])
def test_contributions_of_families_add_up_to_scores(
    ranker: Ranker, request_of: RequestMaker, count: int
) -> None:
    matrix = ranker.features(*request_of(99, count))
    scores = ranker.score(matrix)
    parts = ranker.contributions(matrix)
    assert scores.shape == (count,)
    assert scores.dtype == np.float32
    assert set(parts) == {family.name for family in FAMILIES} | {"bias"}
    np.testing.assert_allclose(sum(parts.values()), scores, atol=1e-4)


def test_a_row_is_scored_the_same_in_any_company(ranker: Ranker, request_of: RequestMaker) -> None:
    matrix = ranker.features(*request_of(5, 20))
    order = np.random.default_rng(0).permutation(20)
    scores = ranker.score(matrix)
    np.testing.assert_allclose(ranker.score(matrix[order]), scores[order], rtol=1e-5)
    np.testing.assert_allclose(ranker.score(matrix[:1]), scores[:1], rtol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_scores_are_finite_whatever_the_features(ranker: Ranker, value: float) -> None:
    matrix = np.full((3, len(FEATURES)), value, dtype=np.float32)
    assert np.isfinite(ranker.score(matrix)).all()


@pytest.mark.parametrize("shape", [(3, len(FEATURES) - 1), (len(FEATURES),), (0, 0)])
def test_refuses_another_matrix(ranker: Ranker, shape: tuple[int, ...]) -> None:
    with pytest.raises(RankingError, match="shape"):
        ranker.score(np.zeros(shape, dtype=np.float32))


def test_ids_name_the_version(trained: TrainedRanker) -> None:
    name, _, digest = trained.ranker().id.partition("@")
    assert name == "taught"
    assert len(digest) == 12
    assert BoostedRanker(trained.model, name="taught").id == trained.ranker().id
    assert BoostedRanker(trained.model + "\n", name="taught").id != trained.ranker().id


def test_every_feature_has_a_part_in_the_score(ranker: Ranker, request_of: RequestMaker) -> None:
    assert isinstance(ranker, FeatureExplainer)
    matrix = ranker.features(*request_of(7, 9))
    parts = ranker.shap(matrix)
    assert parts.shape == (9, len(FEATURES) + 1)
    np.testing.assert_allclose(parts.sum(axis=1), ranker.score(matrix), atol=1e-4)


def test_a_failure_of_lightgbm_is_one_of_ranking(
    trained: TrainedRanker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise lightgbm.basic.LightGBMError("out of leaves")

    monkeypatch.setattr(lightgbm.Booster, "predict", fail)
    with pytest.raises(RankingError, match="out of leaves") as failure:
        trained.ranker().score(trained.sample)
    assert failure.value.reason == "MODEL_FAILED"


def test_refuses_what_is_no_model() -> None:
    with pytest.raises(RankingError, match="cannot read"):
        BoostedRanker("nonsense", name="broken")


def test_refuses_a_model_of_other_features() -> None:
    rows = np.arange(40, dtype=np.float32).reshape(20, 2)
    label = rows[:, 0].copy()
    booster = lightgbm.train(
        {"verbosity": -1, "min_data_in_leaf": 1, "num_threads": 1},
        lightgbm.Dataset(rows, label=label),
        num_boost_round=1,
    )
    with pytest.raises(RankingError, match="train it again"):
        BoostedRanker(booster.model_to_string(), name="other")


def test_linear_finds_the_weights_that_order(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    # Only likeness differs and only likeness is graded.
    judged = JudgedQuery(
        query=query(),
        candidates=candidates(4, retrieval_score=[0.9, 0.8, 0.2, 0.1]),
        grades=np.array([2, 2, 0, 0], dtype=np.int32),
    )
    ranker = train_linear(assemble([judged]), seed=1)
    scores = ranker.score(ranker.features(judged.query, judged.candidates))
    assert np.argsort(-scores).tolist() == [0, 1, 2, 3]
    assert scores[1] - scores[2] == pytest.approx(1, abs=0.2)
