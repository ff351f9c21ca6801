"""Towers held against torch: what agrees, what falls short, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")
import onnx
from onnx import numpy_helper

from exporter.export_error import ExportError
from exporter.half import halve
from exporter.quantize import compress
from exporter.recall import RecallFigures, RecallSample
from exporter.spec import BundleError
from exporter.verify import BATCHES, Precision, TowerFigures, Verification, verify
from exporter.verify_bundle import verify_bundle
from exporter.verify_inputs import POOL
from tests.exporter.conftest import Exported

WORDS = ("red shoes", "blue shirt", "black bag", "wooden chair", "green mug", "white socks")


def samples(height: int, width: int) -> list[RecallSample]:
    """Six products in two variants each, with pictures of coarse noise."""
    random = np.random.default_rng(5)
    made = []
    for place in range(12):
        pixels = random.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
        pixels = pixels.repeat(8, axis=0).repeat(8, axis=1)
        words = WORDS[place % 6]
        made.append(
            RecallSample(
                query=words,
                document=f"{words} no {place}",
                group=words,
                picture=lambda pixels=pixels: pixels,  # type: ignore[misc] # bound now
            )
        )
    return made


def test_a_float32_export_agrees_whatever_is_asked(exported: Exported) -> None:
    size = (exported.model.image.tower.height, exported.model.image.tower.width)
    manifest, found = verify_bundle(exported.bundle, model=exported.model, catalogue=samples(*size))
    assert found.failures == ()
    text, image = found.towers
    # 1 + 2 + 3 + 5 + 8 + 16 + 32 rows of every case: four of texts, one of pictures.
    assert (text.compared, image.compared) == (4 * 67, 67)
    for tower in found.towers:
        assert tower.difference <= 1e-4
        assert tower.norm_error <= 1e-3
    assert found.recall is not None
    assert (found.recall.searched, found.recall.queries, found.recall.documents) == (
        "pictures",
        6,
        12,
    )
    assert found.recall.difference == 0
    assert json.loads(json.dumps(found.document()))["recall"]["agreement"] == 1.0
    assert manifest.training["export"]["precision"] == "fp32"


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_narrow_exports_agree(
    exported_clip: Exported, tmp_path: Path, precision: Precision
) -> None:
    for tower in ("text", "image"):
        graph = exported_clip.graph(tower)
        narrow = halve(graph) if precision == "fp16" else compress(graph, precision="int8")
        onnx.save(narrow, tmp_path / f"{tower}.onnx")
    found = verify(
        tmp_path / "text.onnx",
        tmp_path / "image.onnx",
        model=exported_clip.model,
        precision=precision,
    )
    assert found.failures == ()
    # It is another arithmetic, so it cannot be the same to the last digit.
    assert all(tower.difference > 1e-6 for tower in found.towers)


@pytest.mark.parametrize("tower", ["text", "image"])
@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_a_weight_that_is_not_torchs_is_found(
    exported_clip: Exported, tmp_path: Path, tower: str, precision: Precision
) -> None:
    for each in ("text", "image"):
        graph = exported_clip.graph(each)
        if each == tower:
            perturb(graph)
        onnx.save(graph, tmp_path / f"{each}.onnx")
    found = verify(
        tmp_path / "text.onnx",
        tmp_path / "image.onnx",
        model=exported_clip.model,
        precision=precision,
    )
    assert [line.split(":")[0] for line in found.failures] == [tower]


def perturb(graph: onnx.ModelProto) -> None:
    """Turn the sign of the largest weight that is multiplied by."""
    used = {node.input[1] for node in graph.graph.node if node.op_type in {"MatMul", "Gemm"}}
    tensor = max(
        (tensor for tensor in graph.graph.initializer if tensor.name in used),
        key=lambda tensor: np.prod(tensor.dims),
    )
    tensor.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(tensor), tensor.name))


def test_a_tower_that_takes_no_other_batch_is_found(
    exported_clip: Exported, tmp_path: Path
) -> None:
    graph = exported_clip.graph("image")
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 2
    onnx.save(graph, tmp_path / "image.onnx")
    with pytest.raises(ExportError, match="does not run on 1 inputs") as refused:
        verify(
            exported_clip.bundle / "text.onnx",
            tmp_path / "image.onnx",
            model=exported_clip.model,
            precision="fp32",
        )
    assert refused.value.reason == "VERIFICATION_FAILED"


def test_a_file_that_is_no_model_is_refused(exported_clip: Exported, tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_bytes(b"\xff\xffnothing")
    with pytest.raises(BundleError) as refused:
        verify(
            tmp_path / "text.onnx",
            exported_clip.bundle / "image.onnx",
            model=exported_clip.model,
            precision="fp32",
        )
    assert refused.value.reason == "BUNDLE_UNPARSABLE"


@pytest.mark.parametrize("change", ["dimension", "tokens", "pixels"])
def test_a_bundle_of_another_model_is_told_from_ours(exported_clip: Exported, change: str) -> None:
    model = exported_clip.model
    others = {
        "dimension": replace(model, dimension=64),
        "tokens": replace(model, text=replace(model.text, max_tokens=7)),
        "pixels": replace(
            model, image=replace(model.image, tower=replace(model.image.tower, fit="stretch"))
        ),
    }
    with pytest.raises(ExportError) as refused:
        verify_bundle(exported_clip.bundle, model=others[change])
    assert refused.value.reason == "VERIFY_MODEL"


GOOD = {"compared": 9, "difference": 0.0, "cosine": 1.0, "norm_error": 0.0, "finite": True}


@pytest.mark.parametrize(
    ("precision", "figures", "said"),
    [
        ("fp32", {}, []),
        ("fp32", {"difference": 1e-4}, []),
        ("fp32", {"difference": 1.1e-4}, ["text: differs by 1.10e-04, 1e-04 is allowed"]),
        ("fp16", {"difference": 1e-2, "cosine": 0.9999}, []),
        ("fp16", {"cosine": 0.99989}, ["text: cosine 0.99989, 0.9999 is required"]),
        ("int8", {"cosine": 0.99}, []),
        ("int8", {"cosine": 0.98999}, ["text: cosine 0.98999, 0.99 is required"]),
        ("int8", {"norm_error": 1.1e-3}, ["text: a norm is 1.1e-03 from 1"]),
        ("int8", {"finite": False}, ["text: a vector is not finite"]),
    ],
)
def test_what_each_precision_must_reach(
    precision: Precision, figures: dict[str, float], said: list[str]
) -> None:
    tower = TowerFigures(tower="text", **(GOOD | figures))  # type: ignore[arg-type] # of a table
    assert tower.failures(precision) == said


@pytest.mark.parametrize(("exported", "wrong"), [(0.505, 0), (0.4949, 1), (0.5051, 1)])
def test_recall_may_differ_by_half_a_point(exported: float, wrong: int) -> None:
    recall = RecallFigures(
        searched="texts", queries=1, documents=1, torch=0.5, exported=exported, agreement=1.0
    )
    assert len(Verification(precision="int8", towers=(), recall=recall).failures) == wrong


def test_the_largest_batch_is_the_whole_pool() -> None:
    assert max(BATCHES) == POOL
