"""A model that others trained as a bundle: exported, verified against torch, then published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import onnx

from exporter.export_error import ExportError
from exporter.external_data import check_external_data, save_tower
from exporter.graph import image_model, text_model
from exporter.half import halve
from exporter.publish import published
from exporter.quantize import compress
from exporter.recall import RecallSample
from exporter.sources.model import LoadedModel, TextSource
from exporter.spec import (
    Manifest,
    TextTower,
    file_record,
    write_manifest,
)
from exporter.verify import Precision, Progress, Verification, verify

TEXT = "text.onnx"
TOKENIZER = "text.tokenizer.json"
IMAGE = "image.onnx"
VERSION = "1"
"""Of the way that models become bundles, not of the model."""


def export(
    model: LoadedModel,
    *,
    output: Path,
    precision: Precision = "fp32",
    catalogue: Sequence[RecallSample] = (),
    progress: Progress = lambda _stage, _share: None,
) -> Manifest:
    """Write ``model`` as a bundle at ``output``; what is there stays until this one is done.

    The figures of the verification are in the manifest, at ``training["export"]``.

    ``progress`` is called with a stage's name and the share of everything that is done.

    Raises:
        ExportError: ``EXPORT_GRAPH``, ``EXPORT_OUTPUT``, ``EXPORT_RUNNING`` or
            ``VERIFICATION_FAILED``; nothing was published.
        OSError: a file cannot be written.
    """
    with published(output) as part:
        progress("writing the text tower", 0.0)
        tower = _narrowed(text_model(model.text, model.dimension), precision)
        files = [TOKENIZER, *save_tower(tower, part / TEXT)]
        (part / TOKENIZER).write_text(model.text.tokenizer, "utf-8")
        progress("writing the image tower", 0.2)
        tower = _narrowed(image_model(model.image, model.dimension), precision)
        files += save_tower(tower, part / IMAGE)
        del tower  # as large as the model itself
        verification = verify(
            part / TEXT,
            part / IMAGE,
            model=model,
            precision=precision,
            catalogue=catalogue,
            progress=lambda stage, share: progress(stage, 0.4 + 0.6 * share),
        )
        require_agreement(verification)
        manifest = _manifest(model, part, files=files, verification=verification)
        write_manifest(part, manifest)
    return manifest


def require_agreement(verification: Verification) -> None:
    """Refuse what does not agree with torch.

    Raises:
        ExportError: ``VERIFICATION_FAILED``, with every figure that falls short.
    """
    if verification.failures:
        found = "; ".join(verification.failures)
        advice = "choose a higher precision" if verification.precision != "fp32" else "report it"
        message = f"the export does not agree with torch ({found}); nothing was written: {advice}"
        raise ExportError(message, reason="VERIFICATION_FAILED")


def _narrowed(model: onnx.ModelProto, precision: Precision) -> onnx.ModelProto:
    if precision == "fp16":
        return halve(model)
    return compress(model, precision="int8") if precision == "int8" else model


def text_tower(source: TextSource) -> TextTower:
    """Say how a bundle prepares texts for the exported tower."""
    return TextTower(
        file=TEXT,
        tokenizer=TOKENIZER,
        max_tokens=source.max_tokens,
        padding=source.padding,
        pad_id=source.pad_id,
        cleaning=source.cleaning,
    )


def _manifest(
    model: LoadedModel, part: Path, *, files: Sequence[str], verification: Verification
) -> Manifest:
    for tower in (TEXT, IMAGE):
        check_external_data(part / tower)
    return Manifest(
        name=model.name,
        version=VERSION,
        dimension=model.dimension,
        text=(text_tower(model.text),),
        image=replace(model.image.tower, file=IMAGE),
        files={name: file_record(part / name) for name in sorted(files)},
        sources=(model.source,),
        training={
            "export": {
                "source": model.source.name,
                "family": model.family,
                "precision": verification.precision,
                "verification": verification.document(),
            }
        },
    )
