"""A text encoder's weights as an ONNX graph, built operator by operator.

Building the graph instead of tracing the module keeps it small (some 25 nodes a layer), free of
frozen sizes, and independent of any tracer's version. The tests hold it to the torch module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from exporter.towers.text_encoder import EncoderShape

OPSET = 20
IR_VERSION = 9
# Far below any real score, far above float32's lowest: its sum with a score stays finite.
MASKED_SCORE = -1e9
SMALLEST_NORM = 1e-12

Attribute = float | list[int]
Weights = Mapping[str, NDArray[np.float32]]


class _Graph:
    """Nodes and initializers in the order they were asked for; values are known by name."""

    def __init__(self, weights: Weights) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self._weights = weights

    def node(
        self, operator: str, inputs: Sequence[str], *, outputs: int = 1, **attributes: Attribute
    ) -> list[str]:
        stem = f"{operator.lower()}_{len(self.nodes)}"
        names = [stem] if outputs == 1 else [f"{stem}_{place}" for place in range(outputs)]
        node = helper.make_node(operator, inputs, names, name=stem)
        node.attribute.extend(
            helper.make_attribute(key, value) for key, value in attributes.items()
        )
        self.nodes.append(node)
        return names

    def one(self, operator: str, *inputs: str) -> str:
        return self.node(operator, inputs)[0]

    def transpose(self, value: str, order: Sequence[int]) -> str:
        return self.node("Transpose", [value], perm=list(order))[0]

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def integers(self, *values: int) -> str:
        name = "int_" + "_".join(str(value) for value in values)
        return self.constant(name, np.array(values, np.int64))

    def weight(self, name: str) -> str:
        return self.constant(name, self._weights[name])

    def linear(self, value: str, layer: str) -> str:
        matrix = self.constant(f"{layer}.weight", self._weights[f"{layer}.weight"].T)
        return self.one("Add", self.one("MatMul", value, matrix), self.weight(f"{layer}.bias"))

    def norm(self, value: str, layer: str, epsilon: float) -> str:
        inputs = (value, self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias"))
        return self.node("LayerNormalization", inputs, axis=-1, epsilon=epsilon)[0]


def text_graph(
    shape: EncoderShape, weights: Weights, *, rows: NDArray[np.int32] | None = None
) -> onnx.ModelProto:
    """Build the model of a text tower's contract (see `exporter.spec`) from a state dictionary.

    ``weights`` holds the arrays of `TextEncoder.state_dict` by the same names, float32. With
    ``rows``, token ``i`` uses row ``rows[i]`` of the token table instead of row ``i``.
    """
    graph = _Graph(_scaled_queries(shape, weights))
    mask = graph.node("Cast", ["attention_mask"], to=TensorProto.FLOAT)[0]
    penalty = _penalty(graph, mask)
    states = _embed(graph, shape, rows)
    for layer in range(shape.layers):
        states = _layer(graph, shape, f"layers.{layer}", states, penalty)
    _pool(graph, shape, states, mask)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "text",
            [
                helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"])
                for name in ("input_ids", "attention_mask")
            ],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", shape.dimension])],
            list(graph.initializers.values()),
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="omnishelf",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _scaled_queries(shape: EncoderShape, weights: Weights) -> Weights:
    """Fold attention's 1/sqrt(head width) into the query rows of each layer's ``mix``."""
    scaled = dict(weights)
    factor = np.float32((shape.width // shape.heads) ** -0.5)
    for layer in range(shape.layers):
        for part in ("weight", "bias"):
            name = f"layers.{layer}.mix.{part}"
            scaled[name] = weights[name].copy()
            scaled[name][: shape.width] *= factor
    return scaled


def _penalty(graph: _Graph, mask: str) -> str:
    one = graph.constant("one", np.array(1, np.float32))
    lowest = graph.constant("masked_score", np.array(MASKED_SCORE, np.float32))
    hidden = graph.one("Mul", graph.one("Sub", one, mask), lowest)
    return graph.one("Unsqueeze", hidden, graph.integers(1, 2))


def _embed(graph: _Graph, shape: EncoderShape, rows: NDArray[np.int32] | None) -> str:
    places = "input_ids"
    if rows is not None:
        places = graph.one("Gather", graph.constant("table_rows", rows), places)
    states = graph.one("Gather", graph.weight("tokens.weight"), places)
    if shape.lifted:
        states = graph.linear(states, "lift")
    length = graph.node("Shape", ["input_ids"], start=1, end=2)[0]
    table = graph.weight("positions.weight")
    places = graph.one("Slice", table, graph.integers(0), length, graph.integers(0))
    return graph.norm(graph.one("Add", states, places), "norm", shape.epsilon)


def _layer(graph: _Graph, shape: EncoderShape, name: str, states: str, penalty: str) -> str:
    heads = graph.integers(0, 0, shape.heads, shape.width // shape.heads)
    mixed = graph.linear(states, f"{name}.mix")
    parts = graph.node("Split", [mixed], outputs=3, axis=-1, num_outputs=3)
    query, key, value = (graph.one("Reshape", part, heads) for part in parts)
    query, value = (graph.transpose(part, (0, 2, 1, 3)) for part in (query, value))
    scores = graph.one("MatMul", query, graph.transpose(key, (0, 2, 3, 1)))
    shares = graph.node("Softmax", [graph.one("Add", scores, penalty)], axis=-1)[0]
    attended = graph.transpose(graph.one("MatMul", shares, value), (0, 2, 1, 3))
    attended = graph.one("Reshape", attended, graph.integers(0, 0, shape.width))
    attended = graph.one("Add", states, graph.linear(attended, f"{name}.merge"))
    states = graph.norm(attended, f"{name}.merge_norm", shape.epsilon)
    inner = graph.one("Gelu", graph.linear(states, f"{name}.up"))
    inner = graph.one("Add", states, graph.linear(inner, f"{name}.down"))
    return graph.norm(inner, f"{name}.down_norm", shape.epsilon)


def _pool(graph: _Graph, shape: EncoderShape, states: str, mask: str) -> None:
    kept = graph.one("Unsqueeze", mask, graph.integers(2))
    total = graph.node("ReduceSum", [graph.one("Mul", states, kept), graph.integers(1)], keepdims=0)
    count = graph.node("ReduceSum", [mask, graph.integers(1)], keepdims=1)
    pooled = graph.one("Div", total[0], count[0])
    if shape.projected:
        pooled = graph.linear(pooled, "project")
    norm = graph.node("ReduceL2", [pooled, graph.integers(1)], keepdims=1)[0]
    smallest = graph.constant("smallest_norm", np.array(SMALLEST_NORM, np.float32))
    graph.one("Div", pooled, graph.one("Max", norm, smallest))
    graph.nodes[-1].output[0] = "embedding"
