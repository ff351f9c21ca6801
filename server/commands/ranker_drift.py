"""`omnishelf ranker drift`: how far the features of recent searches have moved since training."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from ranker import drift as stability
from ranker.columns import Float32Array
from ranker.drift import Histogram
from ranker.errors import RankingError
from ranker.features.schema import FEATURES, fingerprint
from ranker.manifest import REFERENCE_FILE
from server.catalog.store import Store
from server.commands.moments import FORMATS, Since, Until, unix_seconds
from server.commands.recorded_rankers import served_version
from server.errors import FailedPrecondition
from server.feedback.search_record import SearchRecord
from server.feedback.search_store import SearchStore
from server.settings import DEFAULT_CATALOG, load_settings

MOST_ROWS = 200_000
"""Rows compared; of more searches an even sample is taken."""

_SHOWN = 20


def drift(
    *,
    reference: Annotated[
        Path | None,
        typer.Option(help="Version to compare with; by default the one served."),
    ] = None,
    reference_until: Annotated[
        datetime | None,
        typer.Option(
            formats=FORMATS, help="Compare with searches before this moment instead (UTC)."
        ),
    ] = None,
    since: Since = None,
    until: Until = None,
    catalog: Annotated[str, typer.Option(help="Catalog whose searches to read.")] = DEFAULT_CATALOG,
    limit: Annotated[
        float, typer.Option(min=0.0, help="Index above which the command leaves with 1.")
    ] = stability.DRIFTED,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
) -> None:
    """Compare features of recorded searches with those the ranker learnt from.

    The population stability index of each feature: below 0.1 it stands, above 0.25 it has drifted.
    Leaves with 1 where one is above the limit. What was recorded is of products that were shown: a
    version trained on candidates of simulated shoppers differs from them by that too, and earlier
    searches are then the better reference.
    """
    settings = load_settings(config, flags={"data": data})
    with (
        tempfile.TemporaryDirectory(prefix="omnishelf-") as folder,
        closing(Store(settings.store_url)) as store,
    ):
        searches = SearchStore(store)
        if reference_until is not None:
            before = unix_seconds(reference_until, otherwise=0.0)
            learnt = stability.reference(
                rows_of(searches.iterate(catalog, until=before), catalog=catalog), NAMES
            )
        else:
            learnt = reference_of(reference or served_version(settings, store, folder=Path(folder)))
        seen = rows_of(
            searches.iterate(
                catalog,
                since=unix_seconds(since or reference_until, otherwise=0.0),
                until=unix_seconds(until, otherwise=math.inf),
            ),
            catalog=catalog,
        )
    found = stability.psi(learnt, seen)
    over = [name for name, value in found.items() if value > limit]
    if json_output:
        document = {"rows": len(seen), "limit": limit, "over_limit": over, "psi": found}
        typer.echo(json.dumps(document))
    else:
        _print(found, rows=len(seen), limit=limit)
    if over:
        raise typer.Exit(1)


NAMES = tuple(feature.name for feature in FEATURES)


def rows_of(records: Iterable[SearchRecord], *, catalog: str) -> Float32Array:
    """The rows (n, m) of what searches showed, by features of this release; an even sample.

    Raises:
        FailedPrecondition: there are none (NOTHING_TO_COMPARE).
    """
    kept = stability.sampled(_shown(records), most_rows=MOST_ROWS)
    if not kept:
        raise FailedPrecondition(
            f"no search of {catalog!r} was recorded in that time with this release's features;"
            " name another time, or raise feedback.search_share",
            reason="NOTHING_TO_COMPARE",
        )
    return np.concatenate(kept)


def reference_of(directory: Path) -> dict[str, Histogram]:
    """What a version kept of its training rows, in the order of this release's features.

    Raises:
        FailedPrecondition: it kept nothing (NO_REFERENCE), or of other features (RANKER_SCHEMA).
        RankingError: what it kept is broken.
    """
    path = directory / REFERENCE_FILE
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise FailedPrecondition(
            f"{directory} holds no {REFERENCE_FILE}; name a version that was trained by this"
            " release, or compare with earlier searches by --reference-until",
            reason="NO_REFERENCE",
        ) from error
    except ValueError as error:
        raise RankingError(f"{path} is not JSON ({error}); train the version again.") from error
    kept = stability.from_document(document)
    if kept.keys() != set(NAMES):
        raise FailedPrecondition(
            f"the ranker in {directory} was trained on other features than this release computes;"
            " train it again",
            reason="RANKER_SCHEMA",
        )
    return {name: kept[name] for name in NAMES}


def _shown(records: Iterable[SearchRecord]) -> Iterator[Float32Array]:
    current = fingerprint()
    for record in records:
        if record.fingerprint == current and len(record.features):
            yield record.features


def _print(found: dict[str, float], *, rows: int, limit: float) -> None:
    title = f"Population stability index, {rows} rows, limit {limit:g}"
    table = Table(
        title=title, box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", header_style="bold"
    )
    table.add_column("feature")
    table.add_column("PSI", justify="right")
    table.add_column("")
    ordered = sorted(found.items(), key=lambda item: -item[1])
    for name, value in ordered[:_SHOWN]:
        table.add_row(name, f"{value:.4f}", _verdict(value))
    console = Console()
    console.print(table)
    if len(ordered) > _SHOWN:
        console.print(f"… and {len(ordered) - _SHOWN} features below {ordered[_SHOWN - 1][1]:.4f}")


def _verdict(value: float) -> str:
    if value > stability.DRIFTED:
        return "drifted"
    return "moved" if value > stability.MOVED else ""
