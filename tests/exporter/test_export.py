"""A model becomes a bundle: whole, verified, serving; or nothing changes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")
from exporter.export import export
from exporter.export_error import ExportError
from exporter.external_data import save_tower
from exporter.spec import load_manifest
from exporter.verify import Precision
from exporter.verify_inputs import pictures, tokenise
from server.deadline import Deadline
from server.encoders.embedded import EmbeddedEncoder
from tests.exporter.conftest import Exported
from tests.exporter.test_verify import perturb

TEXTS = ["red shoes", "a blue shirt, with long sleeves", "红色 跑步鞋"]


def test_the_bundle_says_what_it_is_and_where_it_came_from(exported: Exported) -> None:
    manifest, model = load_manifest(exported.bundle), exported.model
    assert sorted(manifest.files) == ["image.onnx", "text.onnx", "text.tokenizer.json"]
    assert (manifest.name, manifest.dimension) == (model.name, 32)
    assert manifest.sources == (model.source,)
    (text,) = manifest.text
    assert (text.max_tokens, text.padding, text.pad_id, text.cleaning, text.scripts) == (
        model.text.max_tokens,
        model.text.padding,
        model.text.pad_id,
        model.text.cleaning,
        ("*",),
    )
    assert manifest.image == replace(model.image.tower, file="image.onnx")
    assert (exported.bundle / text.tokenizer).read_text("utf-8") == model.text.tokenizer
    said = manifest.training["export"]
    assert (said["source"], said["family"], said["precision"]) == (
        model.source.name,
        model.family,
        "fp32",
    )
    assert [tower["tower"] for tower in said["verification"]["towers"]] == ["text", "image"]


def test_a_server_opens_it_and_gives_torchs_vectors(exported: Exported) -> None:
    import torch  # noqa: PLC0415 - after the check that it is there

    model = exported.model
    encoder = EmbeddedEncoder(exported.bundle, threads=1)
    texts = encoder.encode_texts(TEXTS, deadline=Deadline.never())
    pixels = pictures(model.image.tower.height, model.image.tower.width)[3:9]
    images = encoder.encode_pictures(pixels, deadline=Deadline.never())
    encoder.close()
    for vectors in (texts, images):
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(vectors)), abs=1e-3)
    with torch.no_grad():
        ids, mask = tokenise(TEXTS, model.text)
        wanted = model.text.module(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
        seen = model.image.module(torch.from_numpy(pixels)).numpy()
    assert np.abs(texts - wanted).max() < 1e-4
    assert np.abs(images - seen).max() < 1e-4


@pytest.fixture
def old(exported_clip: Exported, tmp_path: Path) -> Path:
    """A bundle that is already there."""
    return Path(shutil.copytree(exported_clip.bundle, tmp_path / "there" / "bundle"))


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_a_narrow_bundle_replaces_a_wide_one(
    exported_clip: Exported, monkeypatch: pytest.MonkeyPatch, old: Path, precision: Precision
) -> None:
    before = load_manifest(old)
    exported_clip.without_tracing(monkeypatch)
    stages: list[float] = []
    manifest = export(
        exported_clip.model,
        output=old,
        precision=precision,
        progress=lambda _stage, share: stages.append(share),
    )
    assert load_manifest(old) == manifest
    assert manifest.id != before.id
    assert manifest.training["export"]["precision"] == precision
    assert manifest.files["image.onnx"].bytes < 0.7 * before.files["image.onnx"].bytes
    assert stages == sorted(stages)
    assert [path.name for path in old.parent.iterdir()] == ["bundle"]


def test_weights_beside_a_tower_are_files_of_the_bundle(
    exported_clip: Exported, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    exported_clip.without_tracing(monkeypatch)
    monkeypatch.setattr(
        "exporter.export.save_tower", lambda model, path: save_tower(model, path, largest=10_000)
    )
    manifest = export(exported_clip.model, output=tmp_path / "bundle")
    assert {"image.onnx.data", "text.onnx.data"} < set(manifest.files)
    encoder = EmbeddedEncoder(tmp_path / "bundle", threads=1)
    twin = EmbeddedEncoder(exported_clip.bundle, threads=1)
    found, wanted = (
        each.encode_texts(TEXTS, deadline=Deadline.never()) for each in (encoder, twin)
    )
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("tower", ["text", "image"])
def test_a_tower_that_disagrees_is_never_published(
    exported_clip: Exported, monkeypatch: pytest.MonkeyPatch, old: Path, tower: str
) -> None:
    before = load_manifest(old)
    exported_clip.without_tracing(monkeypatch)
    graph: onnx.ModelProto = exported_clip.graph(tower)
    perturb(graph)
    monkeypatch.setattr(f"exporter.export.{tower}_model", lambda *_: graph)
    for output in (old, old.parent / "new"):
        with pytest.raises(ExportError, match=rf"{tower}: differs by .*, 1e-04 is all") as refused:
            export(exported_clip.model, output=output)
        assert refused.value.reason == "VERIFICATION_FAILED"
    assert [path.name for path in old.parent.iterdir()] == ["bundle"]
    assert load_manifest(old) == before


CHILD = """
import sys, pickle, onnx, torch
from exporter import export as module
from exporter.sources.load import load_source
from pathlib import Path
torch.set_num_threads(1)
source, graphs, output = sys.argv[1:]
module.text_model = lambda *_: onnx.load(Path(graphs) / "text.onnx")
module.image_model = lambda *_: onnx.load(Path(graphs) / "image.onnx")
def progress(stage, share):
    if stage == "comparing pictures":
        print(stage, flush=True)
        sys.stdin.read()
module.export(load_source(source), output=Path(output), progress=progress)
"""


def test_a_killed_export_leaves_the_old_bundle(exported_clip: Exported, old: Path) -> None:
    before = load_manifest(old)
    source = exported_clip.bundle.parent / "clip"
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, source, exported_clip.bundle, old],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "comparing pictures\n"
        assert (old.parent / ".bundle.part" / "image.onnx").exists()
        child.send_signal(signal.SIGKILL)
    assert load_manifest(old) == before
    assert EmbeddedEncoder(old, threads=1).manifest == before
