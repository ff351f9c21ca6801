"""What torch writes, brought to the bundle's contract."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")
import onnx
import torch
from onnx import TensorProto
from torch import nn

from exporter.export_error import ExportError
from exporter.graph import image_model, text_model
from exporter.sources.model import ImageSource, TextSource
from exporter.spec import ImageTower
from exporter.verify_inputs import pictures
from tests.exporter.conftest import Exported


def shape(value: onnx.ValueInfoProto) -> tuple[str, int, list[str | int]]:
    kind = value.type.tensor_type
    return value.name, kind.elem_type, [d.dim_param or d.dim_value for d in kind.shape.dim]


def test_the_towers_are_those_of_the_contract(exported: Exported) -> None:
    text, image = exported.graph("text"), exported.graph("image")
    tower = exported.model.image.tower
    assert [shape(value) for value in text.graph.input] == [
        ("input_ids", TensorProto.INT64, ["n", "t"]),
        ("attention_mask", TensorProto.INT64, ["n", "t"]),
    ]
    assert [shape(value) for value in image.graph.input] == [
        ("pixels", TensorProto.UINT8, ["n", tower.height, tower.width, 3])
    ]
    for model in (text, image):
        assert [shape(value) for value in model.graph.output] == [
            ("embedding", TensorProto.FLOAT, ["n", 32])
        ]
        assert [(each.domain, each.version) for each in model.opset_import] == [("", 20)]
        onnx.checker.check_model(model, full_check=True)


def test_nothing_tells_of_the_machine_that_wrote_it(exported: Exported) -> None:
    for tower in ("text", "image"):
        written = (exported.bundle / f"{tower}.onnx").read_bytes()
        for trace in (b".py", b"site-packages", b"pkg.torch", str(Path.home()).encode()):
            assert trace not in written


def test_large_weights_reach_their_products_directly(exported: Exported) -> None:
    for tower in ("text", "image"):
        graph = exported.graph(tower).graph
        large = {each.name for each in graph.initializer if np.prod(each.dims) >= 2048}
        users = {node.op_type for node in graph.node if large.intersection(node.input)}
        assert users <= {"MatMul", "Gemm", "Conv", "Gather"}


class Plain(nn.Module):
    """The mean colour of a picture in 8 numbers of unit norm; a weight is called ``embedding``."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.linspace(-1, 1, 24).reshape(3, 8))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        colours = pixels.float().mean(dim=(1, 2)) / 255 + 0.1
        unit: torch.Tensor = nn.functional.normalize(colours @ self.embedding, dim=-1)
        return unit


def test_a_weight_called_embedding_keeps_out_of_the_way(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    tower = ImageTower(file="image.onnx", height=4, width=6)
    with caplog.at_level(logging.WARNING):
        model = image_model(ImageSource(module=Plain().eval(), tower=tower), 8)
    assert (capfd.readouterr(), caplog.records) == (("", ""), [])
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    pixels = pictures(4, 6)[:5]
    with torch.no_grad():
        wanted = Plain()(torch.from_numpy(pixels)).numpy()
    (found,) = session.run(None, {"pixels": pixels})
    assert found == pytest.approx(wanted, abs=1e-6)
    again = image_model(ImageSource(module=Plain().eval(), tower=tower), 8)
    assert again.SerializeToString(deterministic=True) == model.SerializeToString(
        deterministic=True
    )


class OfTwoRows(nn.Module):
    """Answers batches of two otherwise than all others."""

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        sign = 1 if len(input_ids) == 2 else -1
        return sign * (input_ids * attention_mask).sum(dim=1, keepdim=True).float()


def test_a_module_of_a_fixed_batch_is_refused() -> None:
    source = TextSource(module=OfTwoRows().eval(), tokenizer="", max_tokens=5)
    with pytest.raises(ExportError, match="any batch size") as refused:
        text_model(source, 1)
    assert refused.value.reason == "EXPORT_GRAPH"
