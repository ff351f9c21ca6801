"""Write a bundle again with other towers, what was trained, and how it went."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx

from exporter.alignment_report import HistoryPoint
from exporter.loss_plot import draw_history
from exporter.spec import (
    MANIFEST_NAME,
    Manifest,
    file_record,
    load_manifest,
    write_manifest,
)

PLOT_NAME = "alignment.png"


def write_bundle(
    bundle: Path,
    folder: Path,
    *,
    towers: Mapping[str, onnx.ModelProto],
    training: Mapping[str, Any],
    history: Sequence[HistoryPoint],
) -> Manifest:
    """Write ``bundle`` with other ``towers``, by file, into an empty ``folder``.

    Files that the manifest does not list, such as the licences, are copied too. ``training`` is
    added to the manifest's section of that name; the history is drawn into `PLOT_NAME`.

    Raises:
        OSError: a file cannot be read or written.
    """
    others = shutil.ignore_patterns(*towers, MANIFEST_NAME, ".*")
    shutil.copytree(bundle, folder, ignore=others, dirs_exist_ok=True)
    for name, tower in towers.items():
        # Weights that lie in a file of their own stay there: they were copied with the rest.
        (folder / name).write_bytes(tower.SerializeToString())
    draw_history(history, folder / PLOT_NAME)
    manifest = load_manifest(bundle)
    written = replace(
        manifest,
        files={**manifest.files, **{name: file_record(folder / name) for name in towers}},
        training={**manifest.training, **training},
    )
    write_manifest(folder, written)
    return written
