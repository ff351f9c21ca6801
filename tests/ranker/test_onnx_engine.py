"""The ONNX engine runs trees, says what it cannot run, and keeps to one thread."""

from pathlib import Path

import lightgbm
import numpy as np
import pytest

from ranker.errors import RankingError
from ranker.onnx_engine import OnnxTrees
from ranker.onnx_file import to_onnx

TASKS = Path("/proc/self/task")
ROWS = np.random.default_rng(3).normal(size=(300, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def onnx_model() -> bytes:
    """Return a model of four features."""
    pytest.importorskip("onnx")
    booster = lightgbm.train(
        {"verbosity": -1, "num_threads": 1},
        lightgbm.Dataset(ROWS, label=ROWS.sum(axis=1)),
        num_boost_round=5,
    )
    return to_onnx(booster.model_to_string())


@pytest.mark.parametrize("data", [b"", b"\x80\x05N.", b"tree\nversion=v4\n", b"\x08\x08" * 50])
def test_refuses_what_is_no_model(data: bytes) -> None:
    with pytest.raises(RankingError, match="does not open") as refusal:
        OnnxTrees(data, features=4)
    assert refusal.value.reason == "RANKER_ONNX"


def test_refuses_a_model_of_other_features(onnx_model: bytes) -> None:
    with pytest.raises(RankingError, match="not 5 features") as refusal:
        OnnxTrees(onnx_model, features=5)
    assert refusal.value.reason == "RANKER_ONNX"


def test_a_row_is_scored_the_same_in_any_company(onnx_model: bytes) -> None:
    trees = OnnxTrees(onnx_model, features=4)
    together = trees.score(ROWS)
    assert together.shape == (300,)
    assert together.dtype == np.float32
    for count in (1, 2, 30, 129):
        np.testing.assert_array_equal(trees.score(ROWS[:count]), together[:count])


def test_rows_it_cannot_take_are_an_error_of_ranking(onnx_model: bytes) -> None:
    with pytest.raises(RankingError, match="cannot score"):
        OnnxTrees(onnx_model, features=4).score(ROWS[:, :3].copy())


@pytest.mark.skipif(not TASKS.is_dir(), reason="counts threads in /proc")
def test_it_starts_no_thread(onnx_model: bytes) -> None:
    OnnxTrees(onnx_model, features=4).score(ROWS)
    before = sum(1 for _ in TASKS.iterdir())
    trees = OnnxTrees(onnx_model, features=4)
    for _ in range(20):
        trees.score(ROWS)
    assert sum(1 for _ in TASKS.iterdir()) == before
