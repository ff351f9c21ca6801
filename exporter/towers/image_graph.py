"""The image tower as an ONNX graph: pixels, trunk, colour and prior, features, head, unit norm.

::

    pixels ─┬─ normalise ─ convolutions ─ mean ─┬─ classifier ─ class words ─┐ prior
            │                                   └────────────────────────────┼── features ─ head
            └─ Oklab ─ soft histograms ──────────────────────────────────────┘

The tensor ``features`` keeps its name, so that `exporter.align` reads it from a finished tower and
trains a head without torch's copy of the trunk. Batch norms are folded into the convolutions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from exporter.towers import colour_branch as colour
from exporter.towers.image_head import Head, append_head
from exporter.towers.lite_plan import NORM_EPSILON, Variant, plan_blocks, same_padding

OPSET = 20
IR_VERSION = 9
FEATURES = "features"
PIXELS = "pixels"
CLASSIFIER_WEIGHT = "classifier.weight"
CLASSIFIER_BIAS = "classifier.bias"
CLASS_WORDS = "classifier.words"
CLASS_NAMES_KEY = "class_names"  # in the model's metadata, as a JSON list
# Below 1 the classifier's best guesses count for more: the prior then names one thing, not a mean
# of everything.
PRIOR_TEMPERATURE = 0.7

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Convolution:
    """Names of a convolution's and its batch norm's weights, and how it is applied."""

    weight: str
    norm: str
    kernel: int = 1
    stride: int = 1
    groups: int = 1
    clipped: bool = True


class _Graph:
    """Nodes and initializers in the order they were asked for."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def node(
        self, operator: str, *inputs: str, name: str = "", **attributes: int | list[int]
    ) -> str:
        output = name or f"{operator.lower()}_{len(self.nodes)}"
        node = helper.make_node(operator, inputs, [output], name=output)
        node.attribute.extend(
            helper.make_attribute(key, value) for key, value in attributes.items()
        )
        self.nodes.append(node)
        return output

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        if all(tensor.name != name for tensor in self.initializers):
            self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def number(self, value: float) -> str:
        return self.constant(f"number_{value!r}", np.array(value, np.float32))

    def shape(self, *sizes: int) -> str:
        return self.constant("shape_" + "_".join(map(str, sizes)), np.array(sizes, np.int64))


def image_graph(
    variant: Variant,
    weights: Weights,
    *,
    class_names: Sequence[str],
    class_words: Floats,
    head: Head,
) -> onnx.ModelProto:
    """Build the model of an image tower's contract (see `exporter.spec`).

    Args:
        variant: the trunk's variant; its resolution is the tower's height and width.
        weights: the published state dictionary as float32 arrays.
        class_names: the classifier's classes in words, 1,000 of them; kept as metadata.
        class_words: their unit text vectors, (1000, d).
        head: what turns features into an embedding of dimension d.
    """
    graph = _Graph()
    planes = graph.node("Transpose", PIXELS, perm=[0, 3, 1, 2])
    planes = graph.node("Cast", planes, to=TensorProto.FLOAT)
    top = _trunk(graph, planes, variant=variant, weights=weights)
    prior = _prior(graph, top, weights=weights, class_words=class_words)
    colours = _colours(graph, planes, resolution=variant.resolution)
    graph.node("Concat", top, colours, prior, name=FEATURES, axis=1)
    side = variant.resolution
    inputs = [helper.make_tensor_value_info(PIXELS, TensorProto.UINT8, ["n", side, side, 3])]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "image", inputs, [], graph.initializers),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="omnishelf",
    )
    model.metadata_props.add(key=CLASS_NAMES_KEY, value=json.dumps(list(class_names)))
    append_head(model, head, features=FEATURES)
    onnx.checker.check_model(model)
    return model


def _trunk(graph: _Graph, planes: str, *, variant: Variant, weights: Weights) -> str:
    """Convolutions up to the pooled top map, (n, 1280)."""
    size = variant.resolution
    maps = graph.node("Sub", planes, graph.number(127))
    maps = graph.node("Mul", maps, graph.number(1 / 128))

    def convolve(maps: str, convolution: _Convolution) -> str:
        nonlocal size
        output = _convolve(graph, maps, convolution, size=size, weights=weights)
        size = -(-size // convolution.stride)
        return output

    maps = convolve(maps, _Convolution(weight="_conv_stem", norm="_bn0", kernel=3, stride=2))
    for number, block in enumerate(plan_blocks(variant)):
        stem, inner = f"_blocks.{number}", maps
        if block.expansion != 1:
            inner = convolve(
                inner, _Convolution(weight=f"{stem}._expand_conv", norm=f"{stem}._bn0")
            )
        depthwise = _Convolution(
            weight=f"{stem}._depthwise_conv",
            norm=f"{stem}._bn1",
            kernel=block.kernel,
            stride=block.stride,
            groups=block.inner,
        )
        project = _Convolution(weight=f"{stem}._project_conv", norm=f"{stem}._bn2", clipped=False)
        outer = convolve(convolve(inner, depthwise), project)
        maps = graph.node("Add", maps, outer) if block.residual else outer
    maps = convolve(maps, _Convolution(weight="_conv_head", norm="_bn1"))
    return graph.node("ReduceMean", maps, graph.shape(2, 3), keepdims=0)


def _convolve(
    graph: _Graph, maps: str, convolution: _Convolution, *, size: int, weights: Weights
) -> str:
    gain = weights[f"{convolution.norm}.weight"] / np.sqrt(
        weights[f"{convolution.norm}.running_var"] + NORM_EPSILON
    )
    shift = weights[f"{convolution.norm}.bias"] - weights[f"{convolution.norm}.running_mean"] * gain
    weight = weights[f"{convolution.weight}.weight"] * gain[:, None, None, None]
    before, after = same_padding(size, kernel=convolution.kernel, stride=convolution.stride)
    output = graph.node(
        "Conv",
        maps,
        graph.constant(f"{convolution.weight}.weight", weight.astype(np.float32)),
        graph.constant(f"{convolution.weight}.bias", shift.astype(np.float32)),
        kernel_shape=[convolution.kernel] * 2,
        strides=[convolution.stride] * 2,
        pads=[before, before, after, after],
        group=convolution.groups,
    )
    if convolution.clipped:
        output = graph.node("Clip", output, graph.number(0), graph.number(6))
    return output


def _prior(graph: _Graph, top: str, *, weights: Weights, class_words: Floats) -> str:
    """Mean text vector of the classes seen, weighted by their probability (ConSE), (n, d).

    Norouzi et al. (2014), "Zero-Shot Learning by Convex Combination of Semantic Embeddings".
    """
    logits = graph.node(
        "Gemm",
        top,
        graph.constant(CLASSIFIER_WEIGHT, weights["_fc.weight"]),
        graph.constant(CLASSIFIER_BIAS, weights["_fc.bias"]),
        transB=1,
    )
    sharpened = graph.node("Mul", logits, graph.number(1 / PRIOR_TEMPERATURE))
    shares = graph.node("Softmax", sharpened, axis=1)
    return graph.node("MatMul", shares, graph.constant(CLASS_WORDS, class_words))


def _colours(graph: _Graph, planes: str, *, resolution: int) -> str:
    """The arithmetic of `exporter.towers.colour_branch`, (n, 335)."""
    cell, remainder = divmod(resolution, colour.CELLS)
    if remainder:
        raise ValueError(f"resolution {resolution} is not a multiple of {colour.CELLS} cells")
    cells = graph.node("AveragePool", planes, kernel_shape=[cell] * 2, strides=[cell] * 2)
    cells = graph.node("Mul", cells, graph.number(1 / 255))
    cells = graph.node("Reshape", cells, graph.shape(0, 3, colour.CELLS**2))
    lab = _oklab(graph, cells)
    scale = np.array([colour.LIGHTNESS_SCALE, 1, 1], np.float32)[:, None]
    scaled = graph.node("Mul", lab, graph.constant("colour.scale", scale))
    references = colour.reference_colours() * scale[:, 0]
    # |x - r|^2 without |x|^2, which softmax over references cancels.
    sharpness = 1 / (2 * colour.COLOUR_SPREAD**2)
    products = graph.node(
        "MatMul", graph.constant("colour.references", 2 * sharpness * references), scaled
    )
    lengths = (sharpness * (references**2).sum(1))[:, None].astype(np.float32)
    nearness = graph.node("Sub", products, graph.constant("colour.lengths", lengths))
    shares = graph.node("Transpose", graph.node("Softmax", nearness, axis=1), perm=[0, 2, 1])
    weights = _region_weights(graph, lab)
    masses = graph.node("ReduceSum", weights, graph.shape(2), keepdims=1)
    histograms = graph.node("Div", graph.node("MatMul", weights, shares), masses)
    return graph.node("Flatten", graph.node("Sqrt", histograms), axis=1)


def _oklab(graph: _Graph, cells: str) -> str:
    low = graph.node("Mul", cells, graph.number(1 / 12.92))
    high = graph.node("Mul", graph.node("Add", cells, graph.number(0.055)), graph.number(1 / 1.055))
    high = graph.node("Pow", high, graph.number(2.4))
    dark = graph.node("LessOrEqual", cells, graph.number(colour.LINEAR_KNEE))
    linear = graph.node("Where", dark, low, high)
    cones = graph.node("MatMul", graph.constant("colour.cones", colour.CONES_FROM_LINEAR), linear)
    cones = graph.node("Max", cones, graph.number(colour.SMALLEST_CONE_RESPONSE))
    roots = graph.node("Pow", cones, graph.number(1 / 3))
    return graph.node("MatMul", graph.constant("colour.lab", colour.LAB_FROM_CONES), roots)


def _region_weights(graph: _Graph, lab: str) -> str:
    """What each cell counts in each region, (n, regions, cells * cells)."""
    away = graph.node("Sub", lab, graph.constant("colour.white", colour.WHITE[:, None]))
    squared = graph.node("ReduceSum", graph.node("Mul", away, away), graph.shape(1), keepdims=1)
    exponent = graph.node("Mul", squared, graph.number(-1 / (2 * colour.GROUND_SPREAD**2)))
    ground = graph.node("Exp", exponent)
    counted = graph.node("Sub", graph.number(1 + colour.GROUND_WEIGHT), ground)
    return graph.node("Mul", graph.constant("colour.regions", colour.region_weights()), counted)
