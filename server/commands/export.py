"""`omnishelf export`: an encoder bundle built from pinned weights."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from server.commands.exporter_extra import exporter_packages
from server.commands.progress import stage_progress
from server.errors import Unavailable


class Recipe(StrEnum):
    """Bundles that can be built."""

    STARTER = "starter"


def export(
    recipe: Annotated[Recipe, typer.Argument(help="Which bundle to build.")],
    *,
    output: Annotated[Path, typer.Option(help="Folder to write the bundle into.")],
    cache: Annotated[
        Path, typer.Option(help="Folder for downloaded wheels and teacher vectors.")
    ] = Path(".cache/exporter"),
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same lessons.")] = 17,
    minutes: Annotated[
        float, typer.Option(min=0.1, help="Training of the Chinese tower, in minutes of one core.")
    ] = 39.72,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Build an encoder bundle. Its image tower is aligned afterwards with `omnishelf align`.

    Needs the exporter extra: pip install 'omnishelf[exporter]'.
    """
    with exporter_packages():
        from exporter.build_starter import build_starter  # noqa: PLC0415
        from exporter.weights import WeightsError  # noqa: PLC0415
    with stage_progress(f"Building {recipe}") as progress:
        try:
            manifest = build_starter(
                output, cache=cache, seed=seed, minutes=minutes, progress=progress
            )
        except WeightsError as error:
            raise Unavailable(str(error), reason=error.reason) from error
    size = sum(record.bytes for record in manifest.files.values())
    if json_output:
        document = {"bundle": manifest.id, "output": str(output), "bytes": size}
        typer.echo(json.dumps(document | {"training": manifest.training}, ensure_ascii=False))
        return
    Console().print(
        f"Bundle [bold]{manifest.id}[/] of {size / 1e6:.1f} MB is in {output}. "
        f"Next: omnishelf align {output} CATALOG --output {output}"
    )
