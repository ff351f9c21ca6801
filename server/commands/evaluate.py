"""`omnishelf evaluate`: how good the answers are, measured through a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from omnishelf.v1 import search_service_pb2 as pb
from rich import box
from rich.console import Console
from rich.table import Table

from server.commands.progress import progress_bar
from server.commands.search_request import ViewName
from server.commands.temporary import temporary_shop
from server.evaluation.ask import Examiner
from server.evaluation.judged import JudgedQuery, RejectedQuery, read_judged
from server.evaluation.quality import Answer, Quality, by_language, means, summary
from server.ingest.columns import parse_mapping
from server.ingest.files import open_catalog
from server.log_setup import configure_logging
from server.settings import load_settings

_SHOWN_REJECTED = 10


def evaluate(
    catalogue: Annotated[
        Path, typer.Argument(metavar="CATALOG", help="A .jsonl, .csv, .tsv or .parquet file.")
    ],
    queries: Annotated[
        Path, typer.Argument(metavar="QUERIES", help="A .jsonl file of judged queries.")
    ],
    *,
    view: Annotated[ViewName, typer.Option(help="Vectors to compare.")] = ViewName.ALL,
    split: Annotated[str | None, typer.Option(help="Ask only lines of this split.")] = None,
    limit_queries: Annotated[int | None, typer.Option(min=1, help="Ask only the first.")] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="Our field=their column. May be repeated.")
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Encoder bundle.")] = None,
    ranker: Annotated[Path | None, typer.Option(help="Ranker directory.")] = None,
) -> None:
    """Index a catalogue into a temporary engine, ask every query over gRPC, print the quality.

    A line of QUERIES has text, image (a path beside the file) or both, and relevance (grade by
    product id) or product_id. Products that are not in the catalogue do not count as relevant.
    The data directory is not touched.
    """
    started = time.monotonic()
    file = open_catalog(catalogue, mapping=parse_mapping(mapping or ()))
    lines = list(islice(read_judged(queries, split=split), limit_queries))
    settings = load_settings(
        config, flags={"encoder.bundle": bundle, "ranking.ranker": ranker, "log.level": "warning"}
    )
    configure_logging(settings.log)
    with temporary_shop(settings, file) as shop:
        examiner = Examiner(
            channel=shop.channel,
            target=shop.address,
            catalog=shop.catalog,
            view=pb.View.Value(f"VIEW_{view.upper()}"),
            known=shop.products,
        )
        answers, rejected = _examine(examiner, lines)
    document = {
        **summary(answers),
        "rejected_queries": len(rejected),
        "seconds": round(time.monotonic() - started, 2),
    }
    _warn(rejected, rows=shop.report.rejected, fallbacks=examiner.fallbacks)
    if json_output:
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _print(answers)
    if not answers:
        raise typer.Exit(1)


def _examine(
    examiner: Examiner, lines: Sequence[JudgedQuery | RejectedQuery]
) -> tuple[list[Answer], list[RejectedQuery]]:
    answers: list[Answer] = []
    rejected: list[RejectedQuery] = []
    with progress_bar("Asking", total=len(lines)) as progress:
        for done, line in enumerate(lines, start=1):
            found = line if isinstance(line, RejectedQuery) else examiner.examine(line)
            if isinstance(found, Answer):
                answers.append(found)
            else:
                rejected.append(found)
            progress(done)
    return answers, rejected


def _warn(rejected: Sequence[RejectedQuery], *, rows: int, fallbacks: Mapping[str, int]) -> None:
    """Say on stderr what makes the figures mean less than they seem to."""
    if rows:
        message = f"{rows} rows of the catalogue were rejected; `omnishelf index` says why"
        typer.echo(message, err=True)
    for query in rejected[:_SHOWN_REJECTED]:
        violation = query.violation
        typer.echo(f"line {query.line}: {violation.field}: {violation.description}", err=True)
    if len(rejected) > _SHOWN_REJECTED:
        typer.echo(f"… and {len(rejected) - _SHOWN_REJECTED} more rejected queries", err=True)
    for name, count in fallbacks.items():
        typer.echo(f"fallback {name} in {count} answers; measure on a quieter machine", err=True)


def _print(answers: Sequence[Answer]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for place, name in enumerate(("", "queries", *means([]))):
        table.add_column(name, justify="right" if place else "left")
    groups = {"all": answers, **by_language(answers)}
    for label, group in groups.items():
        _add(table, label, [answer.served for answer in group])
    _add(table, "[dim]retrieval only[/]", [answer.retrieval for answer in answers])
    Console().print(table)


def _add(table: Table, label: str, qualities: Sequence[Quality]) -> None:
    values = means(qualities).values()
    cells = ("" if value is None else f"{value:.4f}" for value in values)
    table.add_row(label, str(len(qualities)), *cells)
