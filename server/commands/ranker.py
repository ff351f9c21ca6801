"""`omnishelf ranker`: rankers are trained, and shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ranker import registry
from ranker.manifest import read_manifest
from server.commands.ranker_train import train_ranker

ranker = typer.Typer(help="Train and inspect rankers.", no_args_is_help=True)

ranker.command("train")(train_ranker)


@ranker.command("show")
def show(
    directory: Annotated[
        Path, typer.Argument(help="Directory of a version.")
    ] = registry.DEFAULT_DIRECTORY,
    *,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a version as the server would, and say what it is."""
    loaded = registry.load(directory)
    manifest = read_manifest(directory)
    document = {
        "id": loaded.id,
        "features": list(manifest.features),
        "fingerprint": manifest.fingerprint,
        "metrics": dict(manifest.metrics),
        "provenance": dict(manifest.provenance),
    }
    if json_output:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    table = Table(title=loaded.id, show_header=False, title_justify="left")
    for key, value in [*manifest.metrics.items(), *manifest.provenance.items()]:
        table.add_row(key, f"{value:.4f}" if isinstance(value, float) else str(value))
    table.add_row("features", str(len(manifest.features)))
    Console().print(table)
