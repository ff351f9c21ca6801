"""A low-rank adapter behind a tower: unit vectors to unit vectors, as numpy and as ONNX.

``e' = unit(e + (e @ down) @ up)``: a residual adapter, linear and of rank r. With ``up`` at zero it
changes nothing, which is where training begins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from exporter.towers.image_head import EMBEDDING, SMALLEST_NORM, unit

PREFIX = "adapter"

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """Weights for vectors of length d: ``down`` (d, r) and ``up`` (r, d)."""

    down: Floats
    up: Floats


def apply_adapter(adapter: Adapter, vectors: Floats) -> Floats:
    """Adapt unit vectors (n, d) in numpy as the graph does."""
    return unit(vectors + vectors @ adapter.down @ adapter.up)


def append_adapter(model: onnx.ModelProto, adapter: Adapter) -> None:
    """Put an adapter between a tower's vectors and its output `EMBEDDING`, whose shape stays.

    A tower that ends in an adapter gets another behind it. Weights that lie in a file beside the
    tower stay there.
    """
    graph = model.graph
    prefix = f"{PREFIX}{1 + sum(node.name.endswith('/unit') for node in _adapting(graph))}"
    before = f"{prefix}/input"
    _rename(graph, EMBEDDING, before)

    def constant(name: str, value: NDArray[np.generic]) -> str:
        graph.initializer.append(numpy_helper.from_array(value, f"{prefix}/{name}"))
        return f"{prefix}/{name}"

    def node(operator: str, name: str, *inputs: str, output: str = "") -> str:
        label = f"{prefix}/{name}"
        graph.node.append(helper.make_node(operator, inputs, [output or label], name=label))
        return output or label

    down = node("MatMul", "down", before, constant("down_weight", adapter.down))
    change = node("MatMul", "up", down, constant("up_weight", adapter.up))
    changed = node("Add", "changed", before, change)
    squares = node("Mul", "squares", changed, changed)
    # Written with operators whose form has not changed since opset 13.
    total = node("ReduceSum", "total", squares, constant("axis", np.array([1], np.int64)))
    length = node("Sqrt", "length", total)
    least = constant("smallest_norm", np.array(SMALLEST_NORM, np.float32))
    divisor = node("Max", "divisor", length, least)
    node("Div", "unit", changed, divisor, output=EMBEDDING)


def remove_adapters(model: onnx.ModelProto) -> None:
    """Take every adapter off a tower; one that has none is left as it is."""
    graph = model.graph
    own = {node.name for node in _adapting(graph)}
    nodes = [node for node in graph.node if node.name not in own]
    if len(nodes) == len(graph.node):
        return
    tensors = [tensor for tensor in graph.initializer if not _is_own(tensor.name)]
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.initializer[:]
    graph.initializer.extend(tensors)
    _rename(graph, f"{PREFIX}1/input", EMBEDDING)


def _adapting(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    return [node for node in graph.node if _is_own(node.name)]


def _is_own(name: str) -> bool:
    first, _, rest = name.partition("/")
    return bool(rest) and first.startswith(PREFIX) and first[len(PREFIX) :].isdigit()


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    """Give a value another name wherever it is made or read; the graph's output keeps its own."""
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new
    for value in graph.value_info:
        if value.name == old:
            value.name = new
