"""Trees as ONNX: rows go LightGBM's way, on thresholds, unknown, and at zero."""

import lightgbm
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranker.bagging import added_up
from ranker.columns import Float32Array
from ranker.engine_gate import edge_rows, thresholds
from ranker.errors import RankingError
from ranker.onnx_file import past_zero, round_down, to_onnx

LARGEST = float(np.finfo(np.float32).max)
ZERO = float(np.float32(1e-35))


def grown(seed: int, **parameters: object) -> tuple[str, Float32Array]:
    """A model of six features, of which some are unknown, zero or far from one."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(600, 6)).astype(np.float32)
    rows[:, 1] *= 1e20
    rows[:, 2] = np.round(rows[:, 2])
    rows[:, 3] = np.where(rng.random(600) < 0.5, 0, rows[:, 3])
    rows[rng.random(600) < 0.3, 4] = np.nan
    label = np.nan_to_num(rows[:, 4], nan=2) + rows[:, 0] + (rows[:, 1] > 0) - rows[:, 3]
    given_parameters = {"verbosity": -1, "num_threads": 1, "num_leaves": 12, "seed": seed}
    booster = lightgbm.train(
        given_parameters | parameters, lightgbm.Dataset(rows, label=label), num_boost_round=20
    )
    return booster.model_to_string(), rows


def scored_by_lightgbm(model: str, rows: Float32Array) -> npt.NDArray[np.float64]:
    booster = lightgbm.Booster(model_str=model)
    return np.asarray(booster.predict(rows, raw_score=True, num_threads=1))


@given(st.floats(allow_nan=False), st.floats(width=32, allow_nan=False))
def test_rounding_down_keeps_every_answer(threshold: float, value: float) -> None:
    rounded = float(round_down(np.array([threshold]))[0])
    assert (value <= rounded) == (value <= threshold)


@pytest.mark.parametrize(
    ("threshold", "rounded"),
    [
        (0.5, 0.5),
        (0.1, 0.09999999403953552),
        (-0.1, -0.10000000149011612),
        (1e300, LARGEST),
        (-1e300, -np.inf),
        (np.inf, np.inf),
        (0.0, 0.0),
    ],
)
def test_rounds_down(threshold: float, rounded: float) -> None:
    assert round_down(np.array([threshold])).tolist() == [rounded]


@given(
    st.sampled_from([-ZERO, -1e-36, 0.0, 1e-36, ZERO, 1.0, -1.0]),
    st.floats(width=32, allow_nan=False),
)
def test_what_lightgbm_reads_as_zero_stays_on_its_side(threshold: float, value: float) -> None:
    read = 0.0 if abs(value) <= ZERO else value
    assert (value <= past_zero(np.array([threshold]))[0]) == (read <= threshold)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("parameters", [{}, {"use_missing": False}, {"boosting": "dart"}])
def test_scores_as_lightgbm_does(seed: int, parameters: dict[str, object]) -> None:
    pytest.importorskip("onnx")
    onnx_engine = pytest.importorskip("ranker.onnx_engine")
    model, rows = grown(seed, **parameters)
    values = (np.nan, np.inf, -np.inf, 1e-36, -1e-36)
    odd = np.repeat(np.array(values, dtype=np.float32)[:, None], 6, axis=1)
    tried = np.concatenate((rows, edge_rows(rows, thresholds(model)), odd))
    scores = onnx_engine.OnnxTrees(to_onnx(model), features=6).score(tried)
    np.testing.assert_allclose(scores, scored_by_lightgbm(model, tried), rtol=0, atol=5e-6)


def test_an_infinite_value_is_known() -> None:
    pytest.importorskip("onnx")
    onnx_engine = pytest.importorskip("ranker.onnx_engine")
    rows = np.array([[-1.0], [1.0], [np.nan], [np.nan]] * 20, dtype=np.float32)
    model = grown_on(rows, np.isnan(rows[:, 0]).astype(np.float64), names=[])
    assert np.inf in thresholds(model)[0]
    odd = np.array([[np.inf], [LARGEST], [-np.inf], [np.nan]], dtype=np.float32)
    scores = onnx_engine.OnnxTrees(to_onnx(model), features=1).score(odd)
    np.testing.assert_allclose(scores, scored_by_lightgbm(model, odd), rtol=0, atol=5e-6)
    assert scores[0] == scores[1] < scores[3]


def grown_on(rows: Float32Array, label: npt.NDArray[np.float64], *, names: list[int]) -> str:
    data = lightgbm.Dataset(rows, label=label, categorical_feature=names)
    booster = lightgbm.train({"verbosity": -1, "num_threads": 1}, data, num_boost_round=3)
    return booster.model_to_string()


def test_a_tree_of_one_leaf_adds_a_constant() -> None:
    pytest.importorskip("onnx")
    onnx_engine = pytest.importorskip("ranker.onnx_engine")
    rows = np.arange(60, dtype=np.float32).reshape(60, 1)
    split = grown_on(rows, np.where(rows[:, 0] < 30, 5.0, 6.0), names=[])
    single = grown_on(rows, np.full(60, 2.5), names=[])
    model = added_up([split, single])
    scores = onnx_engine.OnnxTrees(to_onnx(model), features=1).score(rows)
    np.testing.assert_allclose(scores, scored_by_lightgbm(split, rows) + 2.5, atol=1e-5)
    with pytest.raises(RankingError, match="no tree that splits"):
        to_onnx(single)


def test_refuses_categorical_splits() -> None:
    pytest.importorskip("onnx")
    rows = np.tile(np.arange(6, dtype=np.float32), 40)[:, None]
    model = grown_on(rows, (rows[:, 0] % 2).astype(np.float64), names=[0])
    with pytest.raises(RankingError, match="categorical"):
        to_onnx(model)


@pytest.mark.parametrize(
    ("parameters", "what"),
    [
        ({"zero_as_missing": True}, "zeros"),
        ({"linear_tree": True}, "linear"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "averaged"),
    ],
)
def test_refuses_what_it_cannot_say(parameters: dict[str, object], what: str) -> None:
    pytest.importorskip("onnx")
    rng = np.random.default_rng(3)
    rows = rng.integers(-3, 4, size=(400, 3)).astype(np.float32)
    label = np.where(rows[:, 0] == 0, 3.0, rows[:, 0]) + (rows[:, 2] % 2)
    booster = lightgbm.train(
        {"verbosity": -1, "num_threads": 1} | parameters,
        lightgbm.Dataset(rows, label=label, params=parameters),
        num_boost_round=5,
    )
    with pytest.raises(RankingError, match=what) as refusal:
        to_onnx(booster.model_to_string())
    assert refusal.value.reason == "RANKER_ONNX"
