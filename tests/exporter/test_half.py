"""A tower in half precision: what computes in float16, what stays float32, what it costs."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

pytest.importorskip("onnx", reason="the exporter's extra is not installed")
import onnx
from onnx import TensorProto, helper, numpy_helper

from exporter.export_error import ExportError
from exporter.half import halve
from exporter.quantize import compress
from tests.exporter.conftest import Exported


def small(weight: np.ndarray) -> onnx.ModelProto:
    """pixels (n, 3) → float → /255 → product → scaled → L2 norm → embedding."""
    value = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Cast", ["pixels"], ["bytes"], name="cast", to=TensorProto.FLOAT),
        helper.make_node("Div", ["bytes", "full"], ["shares"], name="div"),
        helper.make_node("MatMul", ["shares", "w"], ["product"], name="product"),
        helper.make_node("Mul", ["product", "full"], ["scaled"], name="scale"),
        helper.make_node("ReduceL2", ["scaled", "last"], ["norm"], name="norm"),
        helper.make_node("Div", ["scaled", "norm"], ["embedding"], name="unit"),
    ]
    names = ("bytes", "shares", "product", "scaled", "norm")
    graph = helper.make_graph(
        nodes,
        "image",
        [value("pixels", TensorProto.UINT8, ["n", 3])],
        [value("embedding", TensorProto.FLOAT, ["n", 4])],
        [
            numpy_helper.from_array(weight.astype(np.float32), "w"),
            numpy_helper.from_array(np.array(255, np.float32), "full"),
            numpy_helper.from_array(np.array([1], np.int64), "last"),
        ],
        value_info=[value(name, TensorProto.FLOAT, None) for name in names],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def kinds(model: onnx.ModelProto) -> dict[str, int]:
    return {tensor.name: tensor.data_type for tensor in model.graph.initializer}


def run(model: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(["embedding"], inputs)[0])


WEIGHT = np.array([[1, 2, 3, 4], [0, 1, 0, -1], [5, 0, 0, 1]])
PIXELS = np.array([[255, 0, 51], [0, 255, 0]], np.uint8)


def test_the_ends_stay_wide_and_the_products_are_narrow() -> None:
    halved = halve(small(WEIGHT))
    onnx.checker.check_model(halved, full_check=True)
    assert kinds(halved) == {
        "w_half": TensorProto.FLOAT16,
        "full": TensorProto.FLOAT,  # of the first division
        "full_half": TensorProto.FLOAT16,  # of the scale after the product
        "last": TensorProto.INT64,
    }
    casts = [
        (node.input[0], node.output[0]) for node in halved.graph.node if node.op_type == "Cast"
    ]
    assert casts == [
        ("pixels", "bytes"),
        ("shares", "shares_half"),
        ("scaled", "scaled_wide"),
    ]
    # By hand: (1, 0, 1/5) @ W = (2, 2, 3, 4.2), of norm sqrt(34.64); then the second row of W.
    found = run(halved, {"pixels": PIXELS})
    assert found.dtype == np.float32
    assert found[0] == pytest.approx(np.array([2, 2, 3, 4.2]) / 34.64**0.5, abs=1e-3)
    assert found[1] == pytest.approx(np.array([0, 1, 0, -1]) / 2**0.5, abs=1e-3)
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1], abs=1e-6)


def test_a_weight_too_large_for_half_becomes_the_largest_and_infinity_stays() -> None:
    weight = WEIGHT.astype(np.float32)
    weight[0] = [1e9, -np.inf, np.inf, -1e9]
    (stored,) = (t for t in halve(small(weight)).graph.initializer if t.name == "w_half")
    assert numpy_helper.to_array(stored)[0].tolist() == [65504, -np.inf, np.inf, -65504]


def test_a_graph_that_branches_is_refused() -> None:
    model = small(WEIGHT)
    branch = helper.make_graph([], "b", [], [])
    model.graph.node[3].attribute.append(helper.make_attribute("then_branch", branch))
    with pytest.raises(ExportError, match="branches") as refused:
        halve(model)
    assert refused.value.reason == "EXPORT_GRAPH"


@pytest.mark.parametrize("tower", ["text", "image"])
def test_a_real_tower_is_half_as_large_and_its_products_are_all_narrow(
    exported: Exported, tower: str
) -> None:
    model = exported.graph(tower)
    halved = halve(model)
    onnx.checker.check_model(halved, full_check=True)
    assert halved.ByteSize() < 0.56 * model.ByteSize()
    named = kinds(halved)
    for node in halved.graph.node:
        if node.op_type in {"MatMul", "Gemm", "Conv"}:
            weights = {named[value] for value in node.input if value in named}
            assert weights <= {TensorProto.FLOAT16}
    assert list(halved.graph.input) == list(model.graph.input)
    assert list(halved.graph.output) == list(model.graph.output)


def test_int8_makes_a_tower_of_large_weights_about_a_quarter() -> None:
    weight = np.random.default_rng(0).normal(size=(512, 2048)).astype(np.float32)
    model = small(weight)
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 2048
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 512
    assert compress(model, precision="int8").ByteSize() < 0.26 * model.ByteSize()


@pytest.mark.parametrize("tower", ["text", "image"])
def test_int8_keeps_no_large_float_weight(exported: Exported, tower: str) -> None:
    stored = compress(exported.graph(tower), precision="int8")
    for tensor in stored.graph.initializer:
        if len(tensor.dims) > 1 and np.prod(tensor.dims) >= 4096:
            assert tensor.data_type == TensorProto.INT8, tensor.name
