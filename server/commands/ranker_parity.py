"""`omnishelf ranker parity`: what was served, computed anew from the record, bit for bit."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ranker.features.schema import fingerprint
from ranker.parity import Difference, compare
from ranker.protocol import Ranker
from server.catalog.store import Store
from server.commands.moments import Since, Until, unix_seconds
from server.commands.recorded_rankers import recorded_rankers
from server.errors import FailedPrecondition
from server.feedback.search_record import SearchRecord
from server.feedback.search_store import SearchStore
from server.settings import DEFAULT_CATALOG, load_settings

FindRanker = Callable[[str], Ranker | None]
"""The version of an id; None where it is not there."""


@dataclass(slots=True, kw_only=True)
class ParityCounts:
    """What came of all searches so far.

    Attributes:
        searches: Recorded searches read.
        without_columns: Of these, without all they were ranked by; nothing to compare.
        other_features: Of these, ranked by features of another release, or by none.
        compared: Computed anew.
        rows: Candidates of those.
        differing_searches, differing_values: Where some feature differed, and how many did.
        scored: Searches whose ranker was there to score them anew.
        differing_scores: How many of their scores differed.
        farthest_score: Largest distance of two scores.
        first_search: Id of the first search with a difference; empty without one.
        first: The difference.
    """

    searches: int = 0
    without_columns: int = 0
    other_features: int = 0
    compared: int = 0
    rows: int = 0
    differing_searches: int = 0
    differing_values: int = 0
    scored: int = 0
    differing_scores: int = 0
    farthest_score: float = 0.0
    first_search: str = ""
    first: Difference | None = None

    @property
    def same(self) -> bool:
        """Whether nothing differed."""
        return self.first is None

    def add(self, record: SearchRecord, *, find: FindRanker) -> None:
        """Compare one more search."""
        self.searches += 1
        ranked = record.ranked
        if ranked is None:
            self.without_columns += 1
            return
        if record.fingerprint != fingerprint():
            self.other_features += 1
            return
        compared = compare(
            ranked.facts,
            ranked.columns,
            matrix=ranked.matrix,
            scores=ranked.scores,
            ranker=find(record.ranker),
        )
        self.compared += 1
        self.rows += compared.rows
        self.differing_values += compared.values
        self.differing_searches += compared.values > 0
        if compared.scores is not None:
            self.scored += 1
            self.differing_scores += compared.scores
            self.farthest_score = max(self.farthest_score, compared.farthest)
        if self.first is None and compared.first is not None:
            self.first_search, self.first = record.search_id, compared.first


def parity(
    *,
    catalog: Annotated[str, typer.Option(help="Catalog to check.")] = DEFAULT_CATALOG,
    since: Since = None,
    until: Until = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
) -> None:
    """Recompute the features of recorded searches and compare them bit for bit.

    Scores are compared too, to 1e-5, where the version that gave them can be had. Leaves
    with 1 on any difference.
    """
    settings = load_settings(config, flags={"data": data})
    with (
        tempfile.TemporaryDirectory(prefix="omnishelf-") as folder,
        closing(Store(settings.store_url)) as store,
    ):
        records = SearchStore(store).iterate(
            catalog,
            since=unix_seconds(since, otherwise=0.0),
            until=unix_seconds(until, otherwise=math.inf),
        )
        counts = counted(records, find=recorded_rankers(settings, store, folder=Path(folder)))
    if not counts.compared:
        raise FailedPrecondition(
            f"none of {counts.searches} recorded searches of {catalog!r} can be compared:"
            f" {counts.without_columns} were kept without their columns (raise"
            f" feedback.columns_share), {counts.other_features} were ranked by other features",
            reason="NOTHING_TO_COMPARE",
        )
    _print(counts, as_json=json_output)
    if not counts.same:
        raise typer.Exit(1)


def counted(records: Iterable[SearchRecord], *, find: FindRanker) -> ParityCounts:
    """Compare all records."""
    counts = ParityCounts()
    for record in records:
        counts.add(record, find=find)
    return counts


def _print(counts: ParityCounts, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_document(counts)))
        return
    table = Table(title="Parity", show_header=False, title_justify="left")
    for name, value in _document(counts).items():
        if name not in {"first", "first_search"}:
            table.add_row(name.replace("_", " "), str(value))
    console = Console()
    console.print(table)
    if (first := counts.first) is not None:
        console.print(
            f"first difference: search {counts.first_search}, candidate {first.row},"
            f" {first.feature}: served {first.served!r}, computed {first.computed!r}",
            soft_wrap=True,
        )


def _document(counts: ParityCounts) -> dict[str, Any]:
    document = {"same": counts.same, **asdict(counts)}
    if counts.first is not None:
        # JSON has no NaN.
        known = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in asdict(counts.first).items()
        }
        document["first"] = known
    return document
