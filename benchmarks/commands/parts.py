"""`omnishelf bench parts`: a request beside its bare parts and peers, and the table of goals."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.commands import options
from benchmarks.commands.outcome import Wanted, deliver, result_of
from benchmarks.goals import Verdict, verdicts
from benchmarks.parts.effort import Effort
from benchmarks.parts.profiling import Spent, by_stage, profiled
from benchmarks.parts.run import judged_texts, measured, workload_of
from benchmarks.parts.shop import indexed_shop
from benchmarks.queries import find_shop
from benchmarks.results.file import write
from benchmarks.results.numbers import number
from benchmarks.results.pages import html as page
from server.commands.progress import stage_progress
from server.errors import InvalidRequest, Violation
from server.log_setup import configure_logging
from server.settings import Settings, load_settings

_FUNCTIONS = 30
_WIDE = 220
_NOWHERE = dict.fromkeys(("json_output", "output", "html", "markdown"))
"""Arguments that say where a result goes, and nothing of it."""


def parts(
    context: typer.Context,
    *,
    shop: options.Shop = None,
    queries: options.Queries = None,
    rounds: Annotated[int, typer.Option(min=1, help="Of everything; medians are over them.")] = 5,
    p99: Annotated[
        float, typer.Option(min=1.0, metavar="MS", help="Within which highest rates are compared.")
    ] = 100.0,
    quick: Annotated[bool, typer.Option("--quick", help="Seconds instead of minutes.")] = False,
    keep: Annotated[
        Path | None,
        typer.Option(help="Folder of `bench scale --keep`: measure large catalogues there, too."),
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Print where a request's time goes, by function.")
    ] = False,
    output: options.Output = None,
    html: options.Html = None,
    markdown: options.Markdown = False,
    json_output: options.Json = False,
) -> None:
    """Measure whole requests, calls, rates and ingest, each over the bare parts below it.

    Everything is of one run on one machine, in turn: the parts as their own libraries do them, an
    empty echo, and the service that a good engineer writes in an afternoon.
    """
    effort = _effort(rounds, limit_ms=p99, quick=quick)
    settings = load_settings(flags={"log.level": "error"})
    configure_logging(settings.log)
    with tempfile.TemporaryDirectory(prefix="omnishelf-") as folder:
        catalogue, asked = _files(shop, queries, folder=Path(folder))
        if profile:
            _profile(catalogue, asked, settings, seconds=2 * effort.seconds, as_json=json_output)
            return
        progress = nullcontext(lambda *_: None) if json_output else stage_progress("Measuring")
        with progress as tell:
            found = measured(catalogue, asked, settings, effort=effort, keep=keep, tell=tell)
        result = result_of(
            "parts",
            arguments={**context.params, **_NOWHERE},
            workload=found.workload,
            products=found.products,
            arrivals="poisson",
            systems=(),
            figures=found.found.document(),
        )
    if json_output:
        if output:
            write(result, output)
        if html:
            html.write_text(page(result), encoding="utf-8")
        typer.echo(json.dumps(found.found.numbers(), allow_nan=False, ensure_ascii=False))
        return
    deliver(result, Wanted(output=output, page=html, markdown=markdown, json=False))
    if not markdown:
        _print(verdicts(found.found.document(), reasons=found.found.reasons))


def _effort(rounds: int, *, limit_ms: float, quick: bool) -> Effort:
    if quick:
        return Effort(
            rounds=1, queries=8, seconds=1.0, ingested=32, rate_rounds=1, limit_ms=limit_ms,
            starts=0,
        )  # fmt: skip
    return Effort(
        rounds=rounds, queries=60, seconds=6.0, ingested=None, rate_rounds=3, limit_ms=limit_ms,
        starts=rounds,
    )  # fmt: skip


def _files(shop: Path | None, queries: Path | None, *, folder: Path) -> tuple[Path, Path]:
    """The catalogue and its judged queries; those of the sample shop where none are named."""
    if (shop is None) != (queries is None):
        field = "--shop" if shop is None else "--queries"
        description = "name a catalogue and its judged queries together, or neither"
        raise InvalidRequest(
            [Violation(field=field, reason="FLAG_MISSING", description=description)]
        )
    if shop is not None and queries is not None:
        return shop, queries
    found = find_shop(folder)
    return found.catalog, found.queries


def _print(found: Sequence[Verdict]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("what", "goal", "measured", ""):
        table.add_column(column)
    for each in found:
        interval = "" if each.low is None else f" ({number(each.low)} to {number(each.high)})"
        shown = f"{number(each.measured)}{interval}"
        table.add_row(each.goal.words, each.goal.text, shown, each.text)
    _console().print(table)


def _console() -> Console:
    """Wide where nobody looks, so that a log has whole lines."""
    found = Console()
    return found if found.is_terminal else Console(width=_WIDE)


def _profile(
    catalogue: Path, queries: Path, settings: Settings, *, seconds: float, as_json: bool
) -> None:
    """Serve in this process, look at it while another asks, and print what was seen."""
    workload = workload_of(catalogue, queries, judged_texts(queries))
    with indexed_shop(catalogue, settings) as shop, shop.opened("profiled") as app:
        spent, request_ms = profiled(app, workload, seconds=seconds)
    stages = by_stage(spent)
    if as_json:
        typer.echo(json.dumps(_document(spent, stages, request_ms), ensure_ascii=False))
        return
    console = _console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=f"A request: {request_ms:.2f} ms")
    for column in ("stage", "in bare parts, ms", "over them, ms"):
        table.add_column(column)
    for stage, (bare, over) in stages.items():
        table.add_row(stage, f"{bare:.2f}", f"{over:.2f}")
    console.print(table)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Over the parts, by function")
    for column in ("ms", "stage", "function"):
        table.add_column(column)
    for each in [each for each in spent if not each.bare][:_FUNCTIONS]:
        table.add_row(f"{each.milliseconds:.3f}", each.stage, each.function)
    console.print(table)


def _document(
    spent: Sequence[Spent], stages: Mapping[str, tuple[float, float]], request_ms: float
) -> dict[str, object]:
    return {
        "request_ms": round(request_ms, 3),
        "stages": {
            stage: {"bare_ms": round(bare, 4), "over_ms": round(over, 4)}
            for stage, (bare, over) in stages.items()
        },
        "functions": [
            {
                "stage": each.stage,
                "function": each.function,
                "bare": each.bare,
                "ms": round(each.milliseconds, 4),
            }
            for each in spent
        ],
    }
