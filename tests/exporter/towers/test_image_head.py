"""The head: hand-worked embeddings, and the ONNX nodes held to the numpy twin."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the exporter's extra is not installed")

import onnx
import onnxruntime
from onnx import TensorProto, helper

from exporter.quantize import compress
from exporter.towers.image_head import (
    Head,
    append_head,
    apply_head,
    remove_head,
    unit,
    zero_shot_head,
)


def random_head(*, features: int = 40, dimension: int = 12, seed: int = 0) -> Head:
    random = np.random.default_rng(seed)
    inputs = features - dimension

    def draw(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype(np.float32)

    return Head(
        mean=draw(inputs),
        scale=np.abs(draw(inputs)),
        hidden=draw(inputs, 7),
        hidden_bias=draw(7),
        output=draw(7, dimension),
        output_bias=draw(dimension),
        linear=draw(inputs, dimension),
        project=draw(inputs, 5),
        spread=draw(5, dimension),
        prior_gain=1.5,
        likeness_gain=0.7,
    )


def headless(features: int) -> onnx.ModelProto:
    """A tower whose features are its input."""
    shape = helper.make_tensor_value_info("given", TensorProto.FLOAT, ["n", features])
    node = helper.make_node("Identity", ["given"], ["features"], name="trunk")
    graph = helper.make_graph([node], "tower", [shape], [])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def run(model: onnx.ModelProto, features: np.ndarray) -> np.ndarray:
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    result: np.ndarray = session.run(["embedding"], {"given": features})[0]
    return result


def test_the_zero_shot_head_gives_the_prior_at_unit_length() -> None:
    features = np.array([[9, 9, 9, 3, 4], [1, 2, 3, 0, -2]], np.float32)
    head = zero_shot_head(features=5, dimension=2)
    assert apply_head(head, features) == pytest.approx(np.array([[0.6, 0.8], [0, -1]]))


def test_words_and_likeness_by_hand() -> None:
    """Input 3 is standardised to (3 - 1) * 2 = 4; words (0 + 4, 3) and likeness (0, 4)."""
    head = replace(
        zero_shot_head(features=3, dimension=2),
        mean=np.array([1], np.float32),
        scale=np.array([2], np.float32),
        linear=np.array([[1, 0]], np.float32),
        project=np.array([[1]], np.float32),
        spread=np.array([[0, 1]], np.float32),
        likeness_gain=0.2,
    )
    embedding = apply_head(head, np.array([[3, 0, 3]], np.float32))
    assert embedding == pytest.approx(unit(np.array([[0.8, 0.6 + 0.2]])), abs=1e-6)


def test_the_hidden_layer_is_a_gelu() -> None:
    """gelu(1) = 0.8413 and gelu(-1) = -0.1587."""
    head = replace(
        zero_shot_head(features=3, dimension=2),
        hidden=np.array([[1, -1]], np.float32),
        hidden_bias=np.zeros(2, np.float32),
        output=np.eye(2, dtype=np.float32),
        output_bias=np.zeros(2, np.float32),
    )
    embedding = apply_head(head, np.array([[1, 0, 0]], np.float32))
    assert embedding == pytest.approx(unit(np.array([[0.841345, -0.158655]])), abs=1e-5)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_graph_agrees_with_numpy(rows: int) -> None:
    head = random_head()
    model = headless(40)
    append_head(model, head, features="features")
    features = np.random.default_rng(1).normal(size=(rows, 40)).astype(np.float32)
    found = run(model, features)
    assert found == pytest.approx(apply_head(head, features), abs=1e-5)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(rows), abs=1e-6)


def test_a_head_comes_off_whole_compressed_or_not() -> None:
    model = headless(400)
    first, second = (random_head(features=400, dimension=200, seed=seed) for seed in (1, 2))
    append_head(model, first, features="features")
    compressed = compress(model, precision="int8")
    assert any(tensor.name.endswith("_stored") for tensor in compressed.graph.initializer)
    remove_head(compressed)
    assert [node.name for node in compressed.graph.node] == ["trunk"]
    assert not compressed.graph.initializer
    append_head(compressed, second, features="features")
    features = np.random.default_rng(1).normal(size=(2, 400)).astype(np.float32)
    assert run(compressed, features) == pytest.approx(apply_head(second, features), abs=1e-5)


def test_zeros_stay_zeros() -> None:
    assert (unit(np.zeros((1, 3))) == 0).all()
