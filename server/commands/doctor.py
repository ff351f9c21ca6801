"""`omnishelf doctor`: whether this machine can run Omnishelf, and what to do where it cannot."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.health import parts, ranker_part, software, triton_parts
from server.health.check import Check, Probe, State
from server.log_setup import configure_logging
from server.settings import Settings, load_settings

_STYLES = {State.OK: "green", State.ABSENT: "dim", State.FAILED: "bold red"}


def doctor(
    *,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
    port: Annotated[int | None, typer.Option(help="gRPC port the server would take.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Encoder bundle.")] = None,
    ranker: Annotated[Path | None, typer.Option(help="Ranker directory.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check this machine. Ends with 1 if something that Omnishelf needs does not work."""
    settings = load_settings(
        config,
        flags={
            "data": data,
            "server.port": port,
            "encoder.bundle": bundle,
            "ranking.ranker": ranker,
            "log.level": "error",
        },
    )
    configure_logging(settings.log)
    checks = [probe() for probe in _probes(settings)]
    if json_output:
        typer.echo(json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=2))
    else:
        _print(checks)
    if any(check.state is State.FAILED for check in checks):
        raise typer.Exit(1)


def _probes(settings: Settings) -> list[Probe]:
    own = (parts.bundle, ranker_part.ranker, parts.engine, parts.data_directory, parts.port)
    return [
        software.python_version,
        software.packages,
        software.inference_runtime,
        *(partial(probe, settings) for probe in own),
        software.exporter_extra,
        partial(triton_parts.triton, settings),
    ]


def _print(checks: list[Check]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("found", ratio=1, overflow="fold")
    for check in checks:
        found = Text(check.found)
        if check.remedy:
            found.append(f"\n{check.remedy}", style="yellow")
        table.add_row(check.name, Text(check.state, style=_STYLES[check.state]), found)
    console = Console()
    console.print(table)
    failures = sum(check.state is State.FAILED for check in checks)
    console.print(f"{failures} to mend." if failures else "Ready: try `omnishelf demo`.")
