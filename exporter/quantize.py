"""Small files, same arithmetic: large weights stored in 8 or 16 bits and widened in the graph.

Only storage shrinks. A stored weight is followed by the operators that widen it to float32, which
ONNX Runtime folds away when it loads the model; every product is then float32, so a bundle gives
the same vectors on every processor. A table that is only gathered from stays narrow in memory: its
rows are widened after the gather.

int8 is symmetric with one float32 scale per output channel: ``weight ~= stored * scale``,
``scale = max(|weight|) / 127`` over the channel.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Precision = Literal["int8", "fp16"]
SMALLEST_COMPRESSED = 4096  # elements; below this the extra nodes cost more than they save
_INT8_MAX = 127


def compress(model: onnx.ModelProto, *, precision: Precision) -> onnx.ModelProto:
    """Give a copy of ``model`` with its large float32 weights stored narrow.

    Weights are initializers of at least two axes and 4,096 elements that are an input of MatMul,
    Gemm or Conv, or the table of a Gather along axis 0. Anything else is left as it is.
    """
    compressed = onnx.ModelProto()
    compressed.CopyFrom(model)
    graph = compressed.graph
    uses = _uses(graph)
    kept: list[onnx.TensorProto] = []
    widening: list[onnx.NodeProto] = []
    for tensor in graph.initializer:
        consumers = uses.get(tensor.name, [])
        operators = {node.op_type for node, _ in consumers}
        if not _is_large(tensor) or not consumers:
            kept.append(tensor)
        elif operators == {"Gather"} and all(_is_table(node, at) for node, at in consumers):
            kept += _narrow_table(graph, tensor, precision)
        elif operators <= {"MatMul", "Gemm", "Conv"}:
            axis = _channel_axis(*consumers[0])
            stored, scale = _stored(numpy_helper.to_array(tensor), axis, precision)
            kept += _tensors(tensor.name, stored, scale)
            widening += _widen(tensor.name, tensor.name + "_stored", tensor.name, scale is not None)
        else:
            kept.append(tensor)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    nodes = widening + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(compressed)
    return compressed


def _uses(graph: onnx.GraphProto) -> dict[str, list[tuple[onnx.NodeProto, int]]]:
    uses: dict[str, list[tuple[onnx.NodeProto, int]]] = {}
    for node in graph.node:
        for position, name in enumerate(node.input):
            uses.setdefault(name, []).append((node, position))
    return uses


def _is_large(tensor: onnx.TensorProto) -> bool:
    matrix = len(tensor.dims) > 1
    return matrix and tensor.data_type == TensorProto.FLOAT and _size(tensor) >= SMALLEST_COMPRESSED


def _size(tensor: onnx.TensorProto) -> int:
    return int(np.prod(tensor.dims))


def _attribute(node: onnx.NodeProto, name: str) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == name), 0)


def _is_table(node: onnx.NodeProto, position: int) -> bool:
    return position == 0 and _attribute(node, "axis") == 0


def _channel_axis(node: onnx.NodeProto, position: int) -> int:
    """Axis of a weight that runs over the output's channels."""
    if node.op_type == "Conv":
        return 0
    if node.op_type == "Gemm" and position == 1:
        return 0 if _attribute(node, "transB") else -1
    return -1 if position == 1 else 0


def _stored(
    weight: NDArray[np.float32], axis: int, precision: Precision
) -> tuple[NDArray[np.generic], NDArray[np.float32] | None]:
    if precision == "fp16":
        return weight.astype(np.float16), None
    axis %= weight.ndim
    others = tuple(other for other in range(weight.ndim) if other != axis)
    largest = np.abs(weight).max(axis=others, keepdims=True)
    scale = np.where(largest > 0, largest / _INT8_MAX, 1).astype(np.float32)
    return np.rint(weight / scale).clip(-_INT8_MAX, _INT8_MAX).astype(np.int8), scale


def _tensors(
    name: str, stored: NDArray[np.generic], scale: NDArray[np.float32] | None
) -> list[onnx.TensorProto]:
    tensors = [numpy_helper.from_array(stored, f"{name}_stored")]
    if scale is not None:
        tensors.append(numpy_helper.from_array(scale, f"{name}_scale"))
    return tensors


def _widen(name: str, narrow: str, wide: str, scaled: bool) -> list[onnx.NodeProto]:  # noqa: FBT001
    cast = f"{wide}_cast" if scaled else wide
    nodes = [helper.make_node("Cast", [narrow], [cast], name=f"{wide}/cast", to=TensorProto.FLOAT)]
    if scaled:
        nodes.append(helper.make_node("Mul", [cast, f"{name}_scale"], [wide], name=f"{wide}/scale"))
    return nodes


def _narrow_table(
    graph: onnx.GraphProto, tensor: onnx.TensorProto, precision: Precision
) -> list[onnx.TensorProto]:
    """Rewrite every gather from ``tensor`` to gather narrow rows and their scales, then widen."""
    stored, scale = _stored(numpy_helper.to_array(tensor), 0, precision)
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        if tensor.name not in node.input:
            nodes.append(node)
            continue
        rows, scales, wide = f"{node.name}/rows", f"{node.name}/scales", node.output[0]
        where = node.input[1]
        nodes.append(
            helper.make_node("Gather", [f"{tensor.name}_stored", where], [rows], name=rows, axis=0)
        )
        if scale is None:
            nodes.append(
                helper.make_node("Cast", [rows], [wide], name=f"{wide}/cast", to=TensorProto.FLOAT)
            )
            continue
        nodes += [
            helper.make_node(
                "Gather", [f"{tensor.name}_scale", where], [scales], name=scales, axis=0
            ),
            helper.make_node(
                "Cast", [rows], [f"{wide}/cast"], name=f"{wide}/cast", to=TensorProto.FLOAT
            ),
            helper.make_node("Mul", [f"{wide}/cast", scales], [wide], name=f"{wide}/scale"),
        ]
    del graph.node[:]
    graph.node.extend(nodes)
    return _tensors(tensor.name, stored, scale)
