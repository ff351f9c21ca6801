"""Weights stored narrow: which ones, how, and what the graph then computes."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx", reason="the exporter's extra is not installed")
from onnx import ModelProto, TensorProto, helper, numpy_helper

from exporter.quantize import Precision, compress

Floats = NDArray[np.float32]
RANDOM = np.random.default_rng(0)
# Channels of very different sizes: one scale for all of them would lose the small ones.
MATRIX = (RANDOM.normal(size=(64, 96)) * np.logspace(-3, 2, 96)).astype(np.float32)
TABLE = (RANDOM.normal(size=(96, 64)) * np.logspace(-3, 2, 96)[:, None]).astype(np.float32)
FILTERS = (RANDOM.normal(size=(32, 16, 3, 3))).astype(np.float32)
ROWS = np.array([[0, 95], [7, 7]], np.int64)


def model(
    operator: str,
    inputs: list[str],
    weight: Floats,
    *,
    data: Floats | NDArray[np.int64],
    attributes: Mapping[str, int] = MappingProxyType({}),
) -> ModelProto:
    """Build a graph of one operator on ``x``, of the form of ``data``, and the weight ``w``."""
    node = helper.make_node(operator, inputs, ["y"], name="node")
    node.attribute.extend(helper.make_attribute(*each) for each in attributes.items())
    kind = helper.np_dtype_to_tensor_dtype(data.dtype)
    rank = data.ndim + (operator == "Gather")
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", kind, data.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["a", "b", "c", "d"][:rank])],
        [numpy_helper.from_array(weight, "w")],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9, producer_name="test"
    )


MATMUL_DATA = RANDOM.normal(size=(5, 64)).astype(np.float32)
GEMM_DATA = RANDOM.normal(size=(5, 64)).astype(np.float32)
CONV_DATA = RANDOM.normal(size=(1, 16, 8, 8)).astype(np.float32)
CASES = {
    "matmul": (model("MatMul", ["x", "w"], MATRIX, data=MATMUL_DATA), MATMUL_DATA),
    "matmul from the left": (
        model("MatMul", ["w", "x"], TABLE, data=MATMUL_DATA.T.copy()),
        MATMUL_DATA.T.copy(),
    ),
    "gemm": (model("Gemm", ["x", "w"], TABLE, data=GEMM_DATA, attributes={"transB": 1}), GEMM_DATA),
    "conv": (model("Conv", ["x", "w"], FILTERS, data=CONV_DATA), CONV_DATA),
    "table": (model("Gather", ["w", "x"], TABLE, data=ROWS, attributes={"axis": 0}), ROWS),
}


def answer(proto: ModelProto, data: object) -> Floats:
    session = ort.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    result: Floats = session.run(None, {"x": data})[0]
    return result


def stored_types(proto: ModelProto) -> dict[str, int]:
    return {tensor.name: tensor.data_type for tensor in proto.graph.initializer}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("precision", "kind", "share"), [("int8", 3, 0.01), ("fp16", 10, 0.001)])
def test_every_channel_keeps_its_precision(
    case: str, precision: Precision, kind: int, share: float
) -> None:
    proto, data = CASES[case]
    small = compress(proto, precision=precision)
    assert stored_types(small)["w_stored"] == kind
    assert "w" not in stored_types(small)
    before, after = answer(proto, data), answer(small, data)
    if case == "table":
        before, after = before.reshape(-1, 64), after.reshape(-1, 64)
    axis = {"conv": 1, "matmul from the left": 0, "table": 0}.get(case, -1)
    channels = np.moveaxis(before, axis, 0).reshape(before.shape[axis], -1)
    errors = np.moveaxis(after - before, axis, 0).reshape(before.shape[axis], -1)
    relative = np.linalg.norm(errors, axis=1) / np.linalg.norm(channels, axis=1)
    assert relative.max() < share * 2


def test_int8_is_symmetric_with_a_scale_a_channel() -> None:
    small = compress(CASES["matmul"][0], precision="int8")
    arrays = {each.name: numpy_helper.to_array(each) for each in small.graph.initializer}
    assert arrays["w_scale"].ravel() == pytest.approx(np.abs(MATRIX).max(axis=0) / 127)
    assert np.abs(arrays["w_stored"]).max(axis=0).tolist() == [127] * 96


def test_a_channel_of_zeros_stays_zero() -> None:
    weight = MATRIX.copy()
    weight[:, 3] = 0
    small = compress(model("MatMul", ["x", "w"], weight, data=MATMUL_DATA), precision="int8")
    assert not answer(small, MATMUL_DATA)[:, 3].any()


@pytest.mark.parametrize(
    "proto",
    [
        pytest.param(
            model("MatMul", ["x", "w"], MATRIX[:, :8], data=MATMUL_DATA), id="a small weight"
        ),
        pytest.param(
            model("Add", ["x", "w"], MATRIX[:, :64].copy(), data=MATRIX[:, :64].copy()),
            id="a weight that is added",
        ),
        pytest.param(
            model("Gather", ["w", "x"], TABLE, data=np.array([1]), attributes={"axis": 1}),
            id="a gather of columns",
        ),
    ],
)
def test_anything_else_is_left_as_it_is(proto: ModelProto) -> None:
    assert compress(proto, precision="int8") == proto


def test_the_model_given_is_not_changed() -> None:
    proto = CASES["table"][0]
    before = proto.SerializeToString(deterministic=True)
    compress(proto, precision="int8")
    assert proto.SerializeToString(deterministic=True) == before
