"""`omnishelf ranker evaluate`: rankers on the same candidates, beside the plain ones."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from ranker import registry
from ranker.evaluation import RESAMPLES, Case, Standing, evaluate
from ranker.intervals import Interval
from ranker.protocol import Ranker
from server.app import build_app
from server.catalog.store import Store
from server.commands.moments import Since, Until, unix_seconds
from server.commands.progress import progress_bar
from server.commands.temporary import CATALOG, in_folder
from server.errors import FailedPrecondition, InvalidRequest, Violation
from server.evaluation.cases import judged_cases, logged_cases, products_named
from server.evaluation.judged import JudgedQuery, RejectedQuery, read_judged
from server.feedback.search_store import SearchStore
from server.ingest.columns import parse_mapping
from server.ingest.files import open_catalog
from server.ingest.load_file import load_file
from server.ingest.report import IngestReport
from server.log_setup import configure_logging
from server.settings import DEFAULT_CATALOG, Settings, load_settings

_DECIMALS = 4


def evaluate_rankers(
    rankers: Annotated[
        list[Path] | None,
        typer.Argument(metavar="RANKER", help="Directories of versions; the default where none."),
    ] = None,
    *,
    catalog_file: Annotated[
        Path | None, typer.Option(help="Catalogue to index for it; goes with --queries.")
    ] = None,
    queries: Annotated[
        Path | None, typer.Option(help="A .jsonl file of judged queries over it.")
    ] = None,
    from_log: Annotated[
        bool, typer.Option("--from-log", help="Recorded searches and what shoppers did instead.")
    ] = False,
    catalog: Annotated[str, typer.Option(help="Catalog whose log to read.")] = DEFAULT_CATALOG,
    since: Since = None,
    until: Until = None,
    k: Annotated[int, typer.Option("--k", min=1, help="Places that count.")] = 10,
    split: Annotated[str | None, typer.Option(help="Ask only lines of this split.")] = None,
    limit_queries: Annotated[int | None, typer.Option(min=1, help="Ask only the first.")] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="Our field=their column. May be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the shuffle and of the intervals.")] = 7,
    resamples: Annotated[
        int, typer.Option(min=1, help="Sets of queries drawn for an interval.")
    ] = RESAMPLES,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="Encoder bundle.")] = None,
) -> None:
    """Compare rankers on the same candidates, beside retrieval order, rules and shuffle.

    With --catalog-file and --queries the catalogue is indexed in a temporary folder. Revenue is
    what is to be expected: price times (2^grade - 1) / 2^(highest grade), looked at with
    1 / log2(place + 1). With --from-log it is what was paid, weighed by the places where it was
    shown and would be; the log favours the ranker that wrote it, and only searches of which all
    columns were kept (feedback.columns_share) take part.

    Intervals are of the mean difference to retrieval order within each query, 95 %.
    """
    _check(catalog_file, queries, from_log=from_log)
    settings = load_settings(
        config,
        flags={
            "data": data,
            "encoder.bundle": bundle,
            "ranking.enabled": False,
            "log.level": "warning",
        },
    )
    configure_logging(settings.log)
    loaded: dict[str, Ranker] = {}
    for directory in rankers or [registry.DEFAULT_DIRECTORY]:
        version = registry.load(directory)
        loaded[version.id] = version
    rejected: list[RejectedQuery] = []
    if catalog_file is not None and queries is not None:
        lines = islice(read_judged(queries, split=split), limit_queries)
        cases, products, rejected = _judged(
            settings, catalog_file, list(lines), mapping=parse_mapping(mapping or ())
        )
    else:
        with closing(Store(settings.store_url)) as store:
            judged = SearchStore(store).judged(
                catalog,
                since=unix_seconds(since, otherwise=0.0),
                until=unix_seconds(until, otherwise=math.inf),
            )
            cases = list(islice(logged_cases(judged), limit_queries))
        products = products_named(cases)
    for each in rejected[:10]:
        typer.echo(f"line {each.line}: {each.violation.description}", err=True)
    if not cases:
        raise FailedPrecondition(
            "there is no query to evaluate; name a file with judged queries, another time, or raise"
            " feedback.columns_share and wait for searches",
            reason="NOTHING_TO_EVALUATE",
        )
    found = evaluate(cases, loaded, k=k, catalogue=products, seed=seed, resamples=resamples)
    if json_output:
        document = _document(found, k=k, queries=len(cases), rejected=len(rejected))
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _print(found, k=k, queries=len(cases))


def _check(catalog_file: Path | None, queries: Path | None, *, from_log: bool) -> None:
    files = catalog_file is not None and queries is not None
    if files == from_log or (from_log and (catalog_file or queries)):
        violation = Violation(
            field="--queries",
            reason="WHAT_TO_EVALUATE",
            description="give either --catalog-file and --queries, or --from-log",
        )
        raise InvalidRequest([violation])


def _judged(
    settings: Settings,
    catalogue: Path,
    lines: list[JudgedQuery | RejectedQuery],
    *,
    mapping: Mapping[str, str],
) -> tuple[list[Case], int, list[RejectedQuery]]:
    """Cases of the queries over the catalogue, how many products it has, and what was rejected."""
    file = open_catalog(catalogue, mapping=mapping)
    rejected = [line for line in lines if isinstance(line, RejectedQuery)]
    asked = [line for line in lines if isinstance(line, JudgedQuery)]
    cases: list[Case] = []
    with (
        tempfile.TemporaryDirectory(prefix="omnishelf-") as folder,
        build_app(in_folder(settings, Path(folder))) as app,
    ):
        with progress_bar("Indexing", total=file.rows) as progress:
            sink = partial(app.writer.stream, CATALOG)
            products = load_file(file, sink, report=IngestReport(), progress=progress)
        if not products:
            raise FailedPrecondition(
                f"no row of {catalogue} is a product; `omnishelf index` says why",
                reason="NOTHING_WRITTEN",
            )
        with progress_bar("Asking", total=len(asked)) as progress:
            every = judged_cases(app.pipeline, asked, catalog=CATALOG, known=frozenset(products))
            for done, case in enumerate(every, start=1):
                progress(done)
                if isinstance(case, Case):
                    cases.append(case)
                else:
                    rejected.append(case)
    return cases, len(products), rejected


def _document(
    found: Mapping[str, Standing], *, k: int, queries: int, rejected: int
) -> dict[str, object]:
    """As JSON has it: rounded, None for what no query has a value of."""
    return {
        "k": k,
        "queries": queries,
        "rejected_queries": rejected,
        "rankers": {
            name: {
                **{measure: _rounded(value) for measure, value in standing.means.items()},
                f"coverage@{k}": _rounded(standing.coverage),
                "over_retrieval": {
                    measure: _interval(each) for measure, each in standing.over_retrieval.items()
                },
            }
            for name, standing in found.items()
        },
    }


def _interval(interval: Interval) -> dict[str, float | None]:
    return {
        "difference": _rounded(interval.mean),
        "low": _rounded(interval.low),
        "high": _rounded(interval.high),
    }


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, _DECIMALS)


def _print(found: Mapping[str, Standing], *, k: int, queries: int) -> None:
    """A column a ranker; below each mean its difference to retrieval order and the interval."""
    table = Table(
        title=f"{queries} queries; below each mean its difference to retrieval order [95 %]",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title_justify="left",
        header_style="bold",
    )
    for place, name in enumerate(("", *found)):
        table.add_column(name, justify="right" if place else "left")
    for measure in next(iter(found.values())).means:
        table.add_row(measure, *(_cell(standing, measure) for standing in found.values()))
    table.add_row(f"coverage@{k}", *(f"{standing.coverage:.4f}" for standing in found.values()))
    Console().print(table)


def _cell(standing: Standing, measure: str) -> str:
    mean = f"{standing.means[measure]:.4f}"
    over = standing.over_retrieval.get(measure)
    if over is None:
        return mean
    # Escaped, for the table takes brackets for markup.
    return f"{mean}\n[dim]{over.mean:+.3f} \\[{over.low:+.3f} {over.high:+.3f}][/]"
