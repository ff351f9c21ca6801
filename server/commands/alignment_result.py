"""What `omnishelf align` prints: figures before and after, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from server.commands.alignment_rows import AlignmentRows

if TYPE_CHECKING:
    from exporter.alignment_report import AlignmentReport

_TRAINED = {"head": "A head was", "adapter": "Adapters were"}
_FIGURES = {"NDCG@10": "ndcg_at_10", "recall@1": "recall_at_1", "recall@10": "recall_at_10"}


def print_alignment(
    report: AlignmentReport,
    *,
    sources: Sequence[AlignmentRows],
    output: Path,
    json_output: bool,
) -> None:
    """Print a report, and what of the sources could not be used."""
    unusable = sum(len(source.unusable) for source in sources)
    unreadable = sum(source.unreadable for source in sources)
    if json_output:
        document = asdict(report) | {
            "output": str(output),
            "written": bool(report.bundle),
            "unusable_pictures": unusable,
            "unreadable_rows": unreadable,
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    console = Console()
    console.print(_table(report))
    if report.resumed_at:
        console.print(f"Went on from step {report.resumed_at:,} of an earlier run.")
    learnt = (
        f"{_TRAINED[report.method]} trained for {report.steps:,} steps on {report.samples:,} "
        f"pictures of {report.groups:,} groups, {report.held_out_groups:,} of them kept out while "
        "measuring."
    )
    if report.bundle:
        console.print(f"Bundle [bold]{report.bundle}[/] is in {output}. {learnt}")
    else:
        console.print(
            "[yellow]Products kept out are found no better than before: no bundle was written.[/] "
            f"Bring more products or other settings, or write it with --force. {learnt}"
        )
    if report.bundle and not report.helped:
        console.print("[yellow]Products kept out are found no better than before.")
    if unusable:
        console.print(f"[yellow]{unusable:,} pictures could not be used and were left out.")
    if unreadable:
        console.print(f"[yellow]{unreadable:,} rows could not be read and were left out.")


def _table(report: AlignmentReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("products kept out")
    for name in _FIGURES:
        table.add_column(name, justify="right")
    for when, scores in (("before", report.before), ("after", report.after)):
        figures = asdict(scores)
        table.add_row(when, *(f"{figures[field]:.3f}" for field in _FIGURES.values()))
    return table
