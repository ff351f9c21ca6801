"""`omnishelf export`: an encoder bundle from a model that others trained, or the starter's."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from exporter.spec import Manifest
from server.commands.exporter_errors import exporter_errors
from server.commands.exporter_extra import exporter_packages
from server.commands.progress import stage_progress
from server.commands.recall_rows import read_samples
from server.commands.verification_table import recall_line, verification_table

STARTER = "starter"


class Precision(StrEnum):
    """How a tower's weights are kept, and what it computes in."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"


def export(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A model's folder, a hub id (org/name, org/name@revision), openclip:CONFIG.json, "
            "or starter.",
        ),
    ],
    *,
    output: Annotated[Path, typer.Option(help="Folder to write the bundle into.")],
    precision: Annotated[
        Precision,
        typer.Option(
            help="fp32: as torch computes; fp16: computed in half precision, for GPUs; int8: "
            "weights of a quarter of the size."
        ),
    ] = Precision.FP32,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Weights of an OpenCLIP model, where they lie apart.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the bundle is called. Default: as the source is.")
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="Products to measure what the export costs a search.")
    ] = None,
    cache: Annotated[
        Path, typer.Option(help="Folder for downloaded models, wheels and teacher vectors.")
    ] = Path(".cache/exporter"),
    seed: Annotated[int, typer.Option(min=0, help="Of the starter: same seed, same lessons.")] = 17,
    minutes: Annotated[
        float,
        typer.Option(min=0.1, help="Of the starter: training of the Chinese tower, in minutes."),
    ] = 39.72,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    r"""Export a model as an encoder bundle, and compare it with torch before it is published.

    Takes CLIP, SigLIP, Chinese-CLIP and OpenCLIP models. A bundle that is at OUTPUT already is
    replaced only by one that agrees. The starter's image tower is aligned afterwards with
    `omnishelf align`.

    Needs the exporter extra: pip install 'omnishelf\[exporter]'.
    """
    if source == STARTER:
        manifest = _build_starter(output, cache=cache, seed=seed, minutes=minutes)
    else:
        manifest = _export(
            source,
            output=output,
            precision=precision,
            checkpoint=checkpoint,
            name=name,
            catalogue=catalogue,
            cache=cache,
        )
    _print(manifest, output=output, json_output=json_output)


def _build_starter(output: Path, *, cache: Path, seed: int, minutes: float) -> Manifest:
    with exporter_packages():
        from exporter.build_starter import build_starter  # noqa: PLC0415
    with stage_progress(f"Building {STARTER}") as progress, exporter_errors():
        return build_starter(output, cache=cache, seed=seed, minutes=minutes, progress=progress)


def _export(
    source: str,
    *,
    output: Path,
    precision: Precision,
    checkpoint: Path | None,
    name: str | None,
    catalogue: Path | None,
    cache: Path,
) -> Manifest:
    with exporter_packages():
        from exporter.export import export as write_bundle  # noqa: PLC0415
        from exporter.sources.load import load_source  # noqa: PLC0415
    with stage_progress("Exporting") as progress, exporter_errors():
        progress(f"loading {source}", 0.0)
        model = load_source(source, cache=cache, checkpoint=checkpoint, name=name)
        return write_bundle(
            model,
            output=output,
            precision=precision.value,
            catalogue=read_samples(catalogue, tower=model.image.tower),
            progress=progress,
        )


def _print(manifest: Manifest, *, output: Path, json_output: bool) -> None:
    size = sum(record.bytes for record in manifest.files.values())
    if json_output:
        document = {"bundle": manifest.id, "output": str(output), "bytes": size}
        typer.echo(json.dumps(document | {"training": manifest.training}, ensure_ascii=False))
        return
    console = Console()
    exported = manifest.training.get("export")
    if exported is not None:
        figures = exported["verification"]
        console.print(verification_table(figures))
        console.print(recall_line(figures))
    following = (
        f"omnishelf align {output} CATALOG --output {output}"
        if exported is None
        else f"omnishelf index CATALOG --bundle {output}"
    )
    console.print(
        f"Bundle [bold]{manifest.id}[/] of {size / 1e6:.1f} MB is in {output}. Next: {following}"
    )
