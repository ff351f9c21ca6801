"""A published bundle held against the model that it was exported from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from exporter.export import IMAGE, TEXT, TOKENIZER, text_tower
from exporter.export_error import ExportError
from exporter.external_data import check_external_data
from exporter.recall import RecallSample
from exporter.sources.model import LoadedModel
from exporter.spec import BundleError, Manifest, load_manifest
from exporter.verify import Precision, Progress, Verification, verify


def verify_bundle(
    bundle: Path,
    *,
    model: LoadedModel,
    catalogue: Sequence[RecallSample] = (),
    progress: Progress = lambda _stage, _share: None,
) -> tuple[Manifest, Verification]:
    """Compare a published bundle with the model that it was exported from.

    Raises:
        BundleError: the bundle cannot be used, or takes weights from outside itself.
        ExportError: ``VERIFY_MODEL``, the two are not of one shape.
    """
    manifest = load_manifest(bundle)
    image = manifest.image
    if len(manifest.text) != 1 or image is None or manifest.dimension != model.dimension:
        message = f"{manifest.id} was not exported from {model.name}; name the model that it was"
        raise ExportError(message, reason="VERIFY_MODEL")
    (text,) = manifest.text
    if replace(image, file=IMAGE) != replace(model.image.tower, file=IMAGE) or (
        text_tower(model.text) != replace(text, file=TEXT, tokenizer=TOKENIZER)
    ):
        message = (
            f"{manifest.id} prepares its input otherwise than {model.name}; export it again, or "
            "name the model that it was exported from"
        )
        raise ExportError(message, reason="VERIFY_MODEL")
    for tower in (text, image):
        _require_listed(manifest, check_external_data(bundle / tower.file))
    precision: Precision = manifest.training.get("export", {}).get("precision", "fp32")
    verification = verify(
        bundle / text.file,
        bundle / image.file,
        model=model,
        precision=precision,
        catalogue=catalogue,
        progress=progress,
    )
    return manifest, verification


def _require_listed(manifest: Manifest, names: Sequence[str]) -> None:
    unknown = sorted(set(names) - set(manifest.files))
    if unknown:
        message = f"{manifest.id} has weights in {unknown}, which no hash covers; do not use it"
        raise BundleError(message, reason="BUNDLE_EXTERNAL_DATA")
