"""The head of the image tower: features to a unit embedding, as arrays, as numpy and as ONNX.

A head adds two unit vectors and scales the sum to unit length. The first says what the picture
shows, in the space of the text towers: the prior (what the ImageNet classifier already knows, the
last ``d`` features) plus what a small network learnt from captions. The second says which one it
is: a projection of the features into directions that text hardly uses, so that two pictures of one
thing meet even where no word tells it from its like, and text queries are not disturbed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

EMBEDDING = "embedding"
PREFIX = "head."
SMALLEST_NORM = 1e-12
_AFTER_ALL = np.iinfo(np.int64).max

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Weights of a head over f features, of which the last d are the prior; i = f - d inputs.

    ``mean`` and ``scale`` (i,) standardise the inputs: ``x = (features[:i] - mean) * scale``. Then
    ``words = prior * prior_gain + x @ linear + gelu(x @ hidden + hidden_bias) @ output +
    output_bias`` with ``linear`` (i, d), ``hidden`` (i, h) and ``output`` (h, d), and
    ``likeness = x @ project @ spread`` with ``project`` (i, k) and ``spread`` (k, d). The embedding
    is ``unit(unit(words) + likeness_gain * unit(likeness))``.
    """

    mean: Floats
    scale: Floats
    hidden: Floats
    hidden_bias: Floats
    output: Floats
    output_bias: Floats
    linear: Floats
    project: Floats
    spread: Floats
    prior_gain: float
    likeness_gain: float

    @property
    def dimension(self) -> int:
        """Length of an embedding."""
        return len(self.output_bias)


def zero_shot_head(*, features: int, dimension: int) -> Head:
    """Give the head that has learnt nothing: its embedding is the prior at unit length."""
    inputs = features - dimension

    def zeros(*shape: int) -> Floats:
        return np.zeros(shape, np.float32)

    return Head(
        mean=zeros(inputs),
        scale=np.ones(inputs, np.float32),
        hidden=zeros(inputs, 1),
        hidden_bias=zeros(1),
        output=zeros(1, dimension),
        output_bias=zeros(dimension),
        linear=zeros(inputs, dimension),
        project=zeros(inputs, 1),
        spread=zeros(1, dimension),
        prior_gain=1.0,
        likeness_gain=0.0,
    )


def unit(vectors: NDArray[np.floating]) -> Floats:
    """Scale rows to unit Euclidean length; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Floats = np.asarray(vectors / np.maximum(lengths, SMALLEST_NORM), np.float32)
    return scaled


def append_head(model: onnx.ModelProto, head: Head, *, features: str) -> None:
    """Add the head's nodes after the tensor ``features`` and name its result `EMBEDDING`."""
    graph = _HeadGraph(model.graph)
    inputs = len(head.mean)
    raw = graph.part(features, start=0, end=inputs)
    prior = graph.part(features, start=inputs, end=_AFTER_ALL)
    centred = graph.node("Sub", raw, graph.constant("mean", head.mean))
    x = graph.node("Mul", centred, graph.constant("scale", head.scale))
    hidden = graph.node("MatMul", x, graph.constant("hidden", head.hidden))
    hidden = graph.node("Add", hidden, graph.constant("hidden_bias", head.hidden_bias))
    learnt = graph.node("MatMul", graph.node("Gelu", hidden), graph.constant("output", head.output))
    learnt = graph.node("Add", learnt, graph.constant("output_bias", head.output_bias))
    linear = graph.node("MatMul", x, graph.constant("linear", head.linear))
    gain = graph.constant("prior_gain", np.array(head.prior_gain, np.float32))
    words = graph.node("Add", graph.node("Mul", prior, gain), graph.node("Add", learnt, linear))
    projected = graph.node("MatMul", x, graph.constant("project", head.project))
    likeness = graph.node("MatMul", projected, graph.constant("spread", head.spread))
    gain = graph.constant("likeness_gain", np.array(head.likeness_gain, np.float32))
    share = graph.node("Mul", graph.unit(likeness), gain)
    graph.unit(graph.node("Add", graph.unit(words), share), name=EMBEDDING)
    shape: list[str | int | None] = ["n", head.dimension]
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(EMBEDDING, TensorProto.FLOAT, shape))


def remove_head(model: onnx.ModelProto) -> None:
    """Take the head off, compressed or not, leaving a graph that ends at its features."""
    graph = model.graph
    nodes = [node for node in graph.node if not node.name.startswith(PREFIX)]
    del graph.node[:]
    graph.node.extend(nodes)
    tensors = [tensor for tensor in graph.initializer if not tensor.name.startswith(PREFIX)]
    del graph.initializer[:]
    graph.initializer.extend(tensors)
    del graph.output[:]


class _HeadGraph:
    """Nodes and initializers under one prefix, so that a head can be found again and removed."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.count = 0

    def node(self, operator: str, *inputs: str, name: str = "", **attributes: int) -> str:
        self.count += 1
        label = f"{PREFIX}{operator.lower()}_{self.count}"
        output = name or label
        node = helper.make_node(operator, inputs, [output], name=label)
        node.attribute.extend(
            helper.make_attribute(key, value) for key, value in attributes.items()
        )
        self.graph.node.append(node)
        return output

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        label = PREFIX + name
        if all(tensor.name != label for tensor in self.graph.initializer):
            tensor = numpy_helper.from_array(np.ascontiguousarray(value), label)
            self.graph.initializer.append(tensor)
        return label

    def part(self, value: str, *, start: int, end: int) -> str:
        bounds = [
            self.constant(f"at_{place}", np.array([place], np.int64)) for place in (start, end, 1)
        ]
        return self.node("Slice", value, *bounds)

    def unit(self, value: str, *, name: str = "") -> str:
        axis = self.constant("at_1", np.array([1], np.int64))
        length = self.node("ReduceL2", value, axis, keepdims=1)
        least = self.constant("smallest_norm", np.array(SMALLEST_NORM, np.float32))
        return self.node("Div", value, self.node("Max", length, least), name=name)


def apply_head(head: Head, features: Floats) -> Floats:
    """Embed in numpy what the graph embeds: features (n, f) to unit rows (n, d)."""
    inputs = len(head.mean)
    x = (features[:, :inputs] - head.mean) * head.scale
    prior = features[:, inputs:] * head.prior_gain
    learnt = _gelu(x @ head.hidden + head.hidden_bias) @ head.output + head.output_bias
    words = unit(prior + learnt + x @ head.linear)
    likeness = unit(x @ head.project @ head.spread)
    return unit(words + head.likeness_gain * likeness)


def _gelu(values: NDArray[np.floating]) -> Floats:
    """Exact GELU; the error function by Abramowitz and Stegun (1964), 7.1.26, to 1.5e-7."""
    z = np.abs(values) / np.sqrt(np.float32(2))
    t = 1 / (1 + 0.3275911 * z)
    series = 0.254829592 + t * (
        -0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))
    )
    error = np.copysign(1 - t * series * np.exp(-z * z), values)
    return np.asarray(0.5 * values * (1 + error), np.float32)
