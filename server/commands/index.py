"""`omnishelf index`: a catalogue file into a catalog, with a report of what was rejected."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.commands.product_sink import product_sink
from server.commands.progress import progress_bar
from server.errors import InvalidRequest, Violation
from server.ingest.columns import parse_mapping
from server.ingest.files import OPTIONAL_FIELDS, CatalogFile, open_catalog
from server.ingest.load_file import load_file
from server.ingest.report import IngestReport, rejected_line, report_to
from server.log_setup import configure_logging
from server.rpc.names import catalog_name, parse_catalog_name
from server.settings import DEFAULT_CATALOG, load_settings


def index(
    catalogue: Annotated[
        Path, typer.Argument(metavar="CATALOG", help="A .jsonl, .csv, .tsv or .parquet file.")
    ],
    *,
    catalog: Annotated[
        str, typer.Option(help="Name of the catalog to write to; made if need be.")
    ] = DEFAULT_CATALOG,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="Our field=their column (title=Name). May be repeated."),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder that picture paths start from (or the file's own).")
    ] = None,
    allow_missing: Annotated[
        str, typer.Option(help="Fields that rows may lack: price, image, or both with a comma.")
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Write the catalog anew: what the file lacks is gone.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="File for all rejected rows, as JSON lines.")
    ] = None,
    server: Annotated[
        str | None, typer.Option(help="HOST:PORT to import into; else the data directory.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Encoder bundle.")] = None,
) -> None:
    """Put the products of a catalogue file into a catalog.

    Bad rows are rejected with their reasons and the rest goes on. Killed and run again, nothing is
    lost and nothing twice. Ends with 1 if no product could be written.
    """
    parse_catalog_name(catalog_name(catalog), field="--catalog")
    allowed = _allowed(allow_missing)
    file = open_catalog(
        catalogue,
        mapping=parse_mapping(mapping or ()),
        allow_missing=allowed,
        pictures=pictures,
    )
    flags = {"data": data, "encoder.bundle": bundle, "log.level": "warning"}
    settings = load_settings(config, flags=flags)
    configure_logging(settings.log)
    with report_to(report) as outcome:
        sinks = product_sink(settings, catalog=catalog, server=server, replace=replace)
        with sinks as sink, progress_bar("Indexing", total=file.rows) as progress:
            # Opening the engine and the towers is the command's, not the catalogue's time.
            started = time.monotonic()
            load_file(file, sink, report=outcome, progress=progress)
            seconds = time.monotonic() - started
    if json_output:
        typer.echo(_as_json(file, outcome, catalog=catalog, seconds=seconds))
    else:
        _print(file, outcome, catalog=catalog, seconds=seconds, saved=report)
    if not outcome.written:
        raise typer.Exit(1)


def _allowed(text: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if names <= OPTIONAL_FIELDS:
        return names
    unknown = ", ".join(sorted(names - OPTIONAL_FIELDS))
    description = f"{unknown} cannot be missing; take {' or '.join(sorted(OPTIONAL_FIELDS))}"
    violation = Violation(
        field="--allow-missing", reason="ALLOW_MISSING_INVALID", description=description
    )
    raise InvalidRequest([violation])


def _as_json(file: CatalogFile, report: IngestReport, *, catalog: str, seconds: float) -> str:
    document = {
        "catalog": catalog,
        "rows": report.rows,
        "written": report.written,
        "rejected": report.rejected,
        "reasons": dict(report.reasons.most_common()),
        "first_rejected": [rejected_line(row) for row in report.shown()],
        "notices": list(file.notices),
        "seconds": round(seconds, 3),
        "rows_per_second": round(report.rows / max(seconds, 1e-9), 1),
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _print(
    file: CatalogFile,
    report: IngestReport,
    *,
    catalog: str,
    seconds: float,
    saved: Path | None,
) -> None:
    console = Console()
    console.print(
        f"[bold]{report.written:,}[/] of {report.rows:,} rows are in catalog [bold]{catalog}[/] "
        f"after {seconds:.1f} s ({report.rows / max(seconds, 1e-9):.0f} rows/s)."
    )
    for notice in file.notices:
        console.print(Text(f"Note: {notice}.", style="dim"))
    if not report.rejected:
        return
    console.print(_rejected_table(report))
    if report.rejected > len(report.first):
        where = f"all are in {saved}" if saved else "name a file with --report to have all"
        shown = f"The first {len(report.first)} of {report.rejected:,} rejected rows; {where}."
        console.print(Text(shown, style="dim"))
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in report.reasons.most_common())
    console.print(Text(f"Reasons: {reasons}", style="yellow"))


def _rejected_table(report: IngestReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", title_justify="left")
    table.add_column("row", justify="right", style="dim")
    table.add_column("id", overflow="fold")
    table.add_column("field", overflow="fold")
    table.add_column("reason", style="yellow", overflow="fold")
    table.add_column("what to do", ratio=1, overflow="fold")
    for row in report.shown():
        for place, violation in enumerate(row.violations):
            table.add_row(
                "" if place else f"{row.number:,}",
                "" if place else Text(row.product_id),
                Text(violation.field),
                violation.reason,
                Text(violation.description),
            )
    return table
