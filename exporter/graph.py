"""Towers as ONNX graphs of the bundle's contract, written by torch's exporter.

The graphs are float32 and hold no names, paths or stack traces of the machine that wrote them, so
the same model gives the same bytes anywhere the same versions run.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn
from torch.export import Dim

from exporter.export_error import ExportError
from exporter.sources.model import ImageSource, TextSource

OPSET = 20
OUTPUT = "embedding"
_EXAMPLE_ROWS = 2
_EXAMPLE_TOKENS = 7
# What they say is of no use here: torchvision's operators are not needed, and a constant that
# torch's exporter leaves unfolded is folded below.
_TALKATIVE = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")
_FOLDED = frozenset({"Split", "Transpose", "Reshape"})


def text_model(source: TextSource, dimension: int) -> onnx.ModelProto:
    """Give the text tower: int64 (n, t) twice to unit float32 (n, dimension).

    Raises:
        ExportError: ``EXPORT_GRAPH``.
    """
    tokens = source.max_tokens
    if source.padding == "longest":
        tokens = min(_EXAMPLE_TOKENS, tokens)
    ids = torch.arange(_EXAMPLE_ROWS * tokens).reshape(_EXAMPLE_ROWS, tokens) % (tokens + 1)
    names = ("input_ids", "attention_mask")
    model = _traced(
        source.module,
        (ids, torch.ones_like(ids)),
        axes={name: {0: Dim.DYNAMIC, 1: Dim.DYNAMIC} for name in names},
    )
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"]) for name in names]
    return _finished(model, inputs, dimension=dimension, name="text")


def image_model(source: ImageSource, dimension: int) -> onnx.ModelProto:
    """Give the image tower: ``pixels`` uint8 (n, h, w, 3) to unit float32 (n, dimension).

    Raises:
        ExportError: ``EXPORT_GRAPH``.
    """
    size = [source.tower.height, source.tower.width, 3]
    pixels = torch.zeros([_EXAMPLE_ROWS, *size], dtype=torch.uint8)
    model = _traced(source.module, (pixels,), axes={"pixels": {0: Dim.DYNAMIC}})
    inputs = [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", *size])]
    return _finished(model, inputs, dimension=dimension, name="image")


def _traced(
    module: nn.Module,
    example: tuple[torch.Tensor, ...],
    *,
    axes: Mapping[str, Mapping[int, object]],
) -> onnx.ModelProto:
    with _quiet(), torch.no_grad():
        try:
            program = torch.onnx.export(
                module,
                example,
                dynamo=True,
                dynamic_shapes=tuple(dict(each) for each in axes.values()),
                input_names=list(axes),
                opset_version=OPSET,
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            message = (
                "torch cannot write a tower as an ONNX graph with any batch size and length "
                f"({type(error).__name__}); export a model of a supported family"
            )
            raise ExportError(message, reason="EXPORT_GRAPH") from error
    if program is None:
        raise ExportError("torch wrote no graph; report this model", reason="EXPORT_GRAPH")
    model: onnx.ModelProto = program.model_proto
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch's exporter from talking: its warnings are about its own insides."""
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*LeafSpec.*", category=FutureWarning)
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _finished(
    model: onnx.ModelProto,
    inputs: Sequence[onnx.ValueInfoProto],
    *,
    dimension: int,
    name: str,
) -> onnx.ModelProto:
    """Bring what torch wrote to the contract: names, dynamic axes, weights where they are used."""
    graph = model.graph
    _rename_output(graph)
    del graph.input[:]
    graph.input.extend(inputs)
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", dimension]))
    _fold(graph)
    _forget(model)
    graph.name, model.producer_name, model.producer_version = name, "omnishelf", ""
    return model


def _rename_output(graph: onnx.GraphProto) -> None:
    """Call the one output ``embedding``, and whatever else has that name something else."""
    names = {OUTPUT: f"{OUTPUT}_inner", graph.output[0].name: OUTPUT}
    for node in graph.node:
        for values in (node.input, node.output):
            for place, given in enumerate(values):
                values[place] = names.get(given, given)
    for tensor in graph.initializer:
        tensor.name = names.get(tensor.name, tensor.name)
    for value in graph.value_info:
        value.name = names.get(value.name, value.name)


def _fold(graph: onnx.GraphProto) -> None:
    """Reorder and cut weights now, so that they reach the operators that multiply by them.

    Torch's exporter folds operators of one output alone; a packed attention weight is split.
    """
    known = {tensor.name: tensor for tensor in graph.initializer}
    kept = []
    for node in graph.node:
        if node.op_type not in _FOLDED or not all(value in known for value in node.input):
            kept.append(node)
            continue
        given = {value: numpy_helper.to_array(known[value]) for value in node.input}
        # The evaluator wants typed inputs only of a whole model; a node stands for itself.
        for value, array in zip(
            node.output, ReferenceEvaluator(node).run(None, given), strict=True
        ):
            known[value] = numpy_helper.from_array(array, value)
    used = {value for node in kept for value in node.input}
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(tensor for name, tensor in known.items() if name in used)


def _forget(model: onnx.ModelProto) -> None:
    """Drop what tells of the machine or of torch: only the types of values are kept."""
    graph = model.graph
    named = (model, graph, *graph.node, *graph.initializer, *graph.value_info)
    for each in named:
        each.ClearField("metadata_props")
        each.ClearField("doc_string")
    for value in graph.value_info:
        value.type.tensor_type.ClearField("shape")
    for place, node in enumerate(graph.node):
        node.name = f"{node.op_type.lower()}_{place}"
