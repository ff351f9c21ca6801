"""A tower in half precision: float16 weights and products, with the ends kept in float32.

Unlike `exporter.quantize`, which only stores weights narrow, the graph given here computes in
float16, which is what a GPU gains from. Two ends stay float32, where half precision would cost
accuracy for nothing: what prepares pixels before the first product, and the unit norm at the end.
What tells widths apart is the region a node lies in; a value is cast where it crosses a border.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from exporter.export_error import ExportError

PIXELS = "pixels"
_PRODUCTS = frozenset({"MatMul", "Gemm", "Conv"})
_NORMS = frozenset({"ReduceL2", "LpNormalization"})
# Operators that the ONNX standard does not define for float16.
_WIDE_OPERATORS = frozenset({"Range", "Resize"})
_LARGEST = float(np.finfo(np.float16).max)


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Give ``model`` computed in float16; inputs keep their types and ``embedding`` is float32.

    Every float32 value of ``model`` must be named in its ``value_info``, as `exporter.graph` leaves
    it. Finite weights beyond float16's range become the largest finite float16.

    Raises:
        ExportError: ``EXPORT_GRAPH``, the graph holds subgraphs.
    """
    graph = model.graph
    wide = _wide_nodes(graph)
    floats = _float_values(graph)
    # A value has the width of the region it is made in; inputs of type float32 are wide.
    widths = {
        value: TensorProto.FLOAT if node.name in wide else TensorProto.FLOAT16
        for node in graph.node
        for value in node.output
        if value in floats
    }
    widths |= {value.name: TensorProto.FLOAT for value in graph.input if value.name in floats}
    weights = {tensor.name for tensor in graph.initializer if tensor.name in floats}
    used: dict[str, set[int]] = {name: set() for name in weights}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        width = TensorProto.FLOAT if node.name in wide else TensorProto.FLOAT16
        changed = _retyped(node, width)
        for place, value in enumerate(node.input):
            if value in weights:
                used[value].add(width)
                changed.input[place] = _name(value, width)
            elif widths.get(value, width) != width:
                nodes += _cast(value, width, made=nodes)
                changed.input[place] = _name(value, width, crossing=True)
        nodes.append(changed)
    return _assembled(model, nodes, _weights(graph, used))


def _wide_nodes(graph: onnx.GraphProto) -> set[str]:
    """Names of the nodes that stay float32: before the first product, and from the norm on."""
    before, after = {PIXELS}, set[str]()
    constants = {tensor.name for tensor in graph.initializer}
    wide = set()
    for node in graph.node:
        if any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute):
            message = f"a tower branches in its graph ({node.op_type}); export it as fp32 or int8"
            raise ExportError(message, reason="EXPORT_GRAPH")
        moving = [value for value in node.input if value and value not in constants]
        if node.op_type not in _PRODUCTS and moving and before.issuperset(moving):
            before.update(node.output)
            wide.add(node.name)
        elif node.op_type in _NORMS or not after.isdisjoint(moving):
            after.update(node.output)
            wide.add(node.name)
        elif node.op_type in _WIDE_OPERATORS:
            wide.add(node.name)
    return wide


def _float_values(graph: onnx.GraphProto) -> set[str]:
    named = (*graph.input, *graph.output, *graph.value_info)
    values = {
        value.name for value in named if value.type.tensor_type.elem_type == TensorProto.FLOAT
    }
    return values | {
        tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT
    }


def _retyped(node: onnx.NodeProto, width: int) -> onnx.NodeProto:
    """Copy a node; where it says itself that it makes float32, it then makes ``width``."""
    changed = onnx.NodeProto()
    changed.CopyFrom(node)
    for attribute in changed.attribute:
        if attribute.name == "to" and attribute.i == TensorProto.FLOAT:
            attribute.i = width
        if attribute.HasField("t") and attribute.t.data_type == TensorProto.FLOAT:
            attribute.t.CopyFrom(_tensor(attribute.t, attribute.t.name, width))
    return changed


def _name(value: str, width: int, *, crossing: bool = False) -> str:
    """Name a weight or a crossing value by its width; weights that stay wide keep their names."""
    if width == TensorProto.FLOAT16:
        return f"{value}_half"
    return f"{value}_wide" if crossing else value


def _cast(value: str, width: int, *, made: Iterable[onnx.NodeProto]) -> list[onnx.NodeProto]:
    output = _name(value, width, crossing=True)
    if any(output in node.output for node in made):
        return []
    return [helper.make_node("Cast", [value], [output], name=f"{output}/cast", to=width)]


def _weights(graph: onnx.GraphProto, used: dict[str, set[int]]) -> Iterator[onnx.TensorProto]:
    for tensor in graph.initializer:
        if tensor.name not in used:
            yield tensor
        for width in sorted(used.get(tensor.name, ())):
            yield _tensor(tensor, _name(tensor.name, width), width)


def _tensor(tensor: onnx.TensorProto, name: str, width: int) -> onnx.TensorProto:
    array: NDArray[np.generic] = numpy_helper.to_array(tensor)
    if width == TensorProto.FLOAT16:
        infinite = np.isinf(array)
        array = np.where(infinite, array, np.clip(array, -_LARGEST, _LARGEST)).astype(np.float16)
    return numpy_helper.from_array(np.ascontiguousarray(array).reshape(tensor.dims), name)


def _assembled(
    model: onnx.ModelProto,
    nodes: Iterable[onnx.NodeProto],
    weights: Iterable[onnx.TensorProto],
) -> onnx.ModelProto:
    return helper.make_model(
        helper.make_graph(
            list(nodes),
            model.graph.name,
            list(model.graph.input),
            list(model.graph.output),
            list(weights),
        ),
        opset_imports=list(model.opset_import),
        ir_version=model.ir_version,
        producer_name=model.producer_name,
    )
