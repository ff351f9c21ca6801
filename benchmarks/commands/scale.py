"""`omnishelf bench scale`: ten thousand to a million products, each engine and index."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.commands import options
from benchmarks.commands.outcome import Wanted, deliver
from benchmarks.load.measured import Mark
from benchmarks.load.processes import Watch
from benchmarks.load.quiet import look
from benchmarks.results.machine import machine, versions
from benchmarks.results.values import BenchResult, Data
from benchmarks.scale.asked import ShopText, shop_text
from benchmarks.scale.kept import data_digest
from benchmarks.scale.run import (
    RATIO_ENGINE,
    Scaled,
    parsed_engines,
    parsed_sizes,
    refuse_early,
    scaled,
)
from benchmarks.workloads.workload import digest_of
from exporter.spec import STARTER_DIRECTORY, load_manifest
from server.commands.progress import stage_progress
from server.errors import Unavailable

_WIDE = 132
_NOWHERE = frozenset({"output", "html", "markdown", "json_output", "refuse_busy", "keep"})
_COLUMNS = {
    "engine": "engine",
    "size": "products",
    "build_seconds": "build, s",
    "memory_mb": "engine, MB",
    "recall_at_10": "recall@10",
    "recall_at_100": "recall@100",
    "p50_ms": "search p50, ms",
    "p99_ms": "p99",
    "text_p50_ms": "text query p50, ms",
    "text_p99_ms": "p99",
}


def scale(
    context: typer.Context,
    *,
    sizes: Annotated[
        str, typer.Option(metavar="N,N", help="Numbers of products.")
    ] = "10000,100000,1000000",
    engines: Annotated[
        str,
        typer.Option(help="Of lite-flat, lite-ivf, milvus-hnsw, milvus-ivf (make milvus), exact."),
    ] = "lite-flat,lite-ivf,milvus-hnsw,exact",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; sizes take turns in each.")] = 5,
    keep: Annotated[
        Path | None, typer.Option(help="Folder where builds stay for a later run.")
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=0.0, help="Longest build of one size that is begun.")
    ] = 20.0,
    bundle: Annotated[Path, typer.Option(help="Encoder bundle of the texts.")] = STARTER_DIRECTORY,
    refuse_busy: options.RefuseBusy = False,
    output: options.Output = None,
    html: options.Html = None,
    markdown: options.Markdown = False,
    json_output: options.Json = False,
) -> None:
    """Search ten thousand to a million vectors with each engine and index.

    The vectors lie around captions of the sample shop, and the queries are texts: first a text's
    vector alone is searched for, then the text is encoded and searched for, 100 ids each time.
    Recall is counted against exact search. A size that does not fit is refused before anything
    is built. The real server is the one that make milvus sets up.
    """
    wanted_sizes, wanted_engines = parsed_sizes(sizes), parsed_engines(engines)
    with _folder(keep) as folder:
        refuse_early(
            wanted_engines,
            wanted_sizes,
            dimension=load_manifest(bundle).dimension,
            folder=folder,
            seconds=minutes * 60,
        )
        disturbed = look(Watch())
        if disturbed and refuse_busy:
            raise Unavailable(disturbed.text, reason=disturbed.name)
        with shop_text(bundle, keep=folder) as text, stage_progress("Scaling") as tell:
            found = scaled(
                text,
                engines=wanted_engines,
                sizes=wanted_sizes,
                folder=folder,
                rounds=rounds,
                tell=lambda stage: tell(stage, 0.0),
            )
            result = _result(
                found,
                text,
                arguments={
                    name: value.name if isinstance(value, Path) else str(value)
                    for name, value in context.params.items()
                    if value not in (None, "", False) and name not in _NOWHERE
                },
                sizes=wanted_sizes,
                disturbed=disturbed,
            )
    deliver(result, Wanted(output=output, page=html, markdown=markdown, json=json_output))
    if not (json_output or markdown):
        _print(found)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder of builds: the one to keep, or one that goes."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="omnishelf-scale-") as temporary:
        yield Path(temporary)


def _result(
    found: Scaled,
    text: ShopText,
    *,
    arguments: dict[str, str],
    sizes: Sequence[int],
    disturbed: Mark | None,
) -> BenchResult:
    ratio = found.million_over_ten_thousand
    figures: dict[str, object] = {
        "scale": list(found.records),
        "million_over_ten_thousand": ratio.to_json() if ratio else None,
    }
    if ratio is None:
        why = f"it takes 10,000 and 1,000,000 products on {RATIO_ENGINE}; not both were measured"
        figures["reasons"] = {"million_over_ten_thousand": why}
    return BenchResult(
        command="scale",
        made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        arguments=arguments,
        machine=machine(),
        versions=versions(),
        data=Data(
            catalog_sha256=data_digest(text.shop(sizes[0])),
            products=sizes[-1],
            workload="texts of the sample shop",
            workload_sha256=digest_of(each.encode() for each in text.asked.texts),
            kinds={"text": len(text.asked.texts)},
        ),
        arrivals="closed",
        systems=(),
        figures=figures,
        notes=(disturbed.text,) if disturbed else (),
    )


def _print(found: Scaled) -> None:
    # Wide where nobody looks, so that a log has whole rows.
    console = Console() if Console().is_terminal else Console(width=_WIDE)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, words in _COLUMNS.items():
        table.add_column(words, justify="left" if name == "engine" else "right", no_wrap=True)
    for each in found.records:
        table.add_row(*(_cell(each[name]) for name in _COLUMNS))
    console.print(table)
    ratio = found.million_over_ten_thousand
    if ratio is not None:
        console.print(
            f"A text query at a million over one at ten thousand, {RATIO_ENGINE}:"
            f" {ratio.median:.2f} (goal: 2 at most)"
        )


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)
