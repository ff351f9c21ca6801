"""`omnishelf verify`: a bundle held against the model that it was exported from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from server.commands.exporter_errors import exporter_errors
from server.commands.exporter_extra import exporter_packages
from server.commands.progress import stage_progress
from server.commands.recall_rows import read_samples
from server.commands.verification_table import recall_line, verification_table
from server.errors import Unavailable


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder of the bundle.")],
    *,
    source: Annotated[str, typer.Option(help="The model, as `omnishelf export` takes it.")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="Weights of an OpenCLIP model, where they lie apart.")
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="Products to measure what the export costs a search.")
    ] = None,
    cache: Annotated[Path, typer.Option(help="Folder for downloaded models.")] = Path(
        ".cache/exporter"
    ),
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    r"""Compare a bundle's vectors with torch's, for every batch size and length of text.

    Needs the exporter extra: pip install 'omnishelf\[exporter]'.
    """
    with exporter_packages():
        from exporter.sources.load import load_source  # noqa: PLC0415
        from exporter.verify_bundle import verify_bundle  # noqa: PLC0415
    with stage_progress("Verifying") as progress, exporter_errors():
        progress(f"loading {source}", 0.0)
        model = load_source(source, cache=cache, checkpoint=checkpoint)
        manifest, verification = verify_bundle(
            bundle,
            model=model,
            catalogue=read_samples(catalogue, tower=model.image.tower),
            progress=progress,
        )
    figures = verification.document()
    failures = list(verification.failures)
    if json_output:
        document = {"bundle": manifest.id, "agrees": not failures, "failures": failures}
        typer.echo(json.dumps(document | figures, ensure_ascii=False))
    else:
        console = Console()
        console.print(verification_table(figures))
        console.print(recall_line(figures))
    if failures:
        message = f"{manifest.id} does not agree with {model.name}: {'; '.join(failures)}"
        raise Unavailable(f"{message}; export it again", reason="VERIFICATION_FAILED")
