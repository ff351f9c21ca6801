"""`omnishelf ranker promote`, `rollback`, `list` and `show`: which version servers serve."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ranker import registry
from ranker.manifest import read_manifest
from server.catalog.store import Store
from server.rankers.promotion import Promoter, Promotion
from server.rankers.replicas import Replicas
from server.rankers.store import RankerStore
from server.rankers.versions import SETTINGS, Activation, StoredVersion, served_in_turn
from server.settings import load_settings

Config = Annotated[Path | None, typer.Option(help="Settings file (YAML).")]
Data = Annotated[Path | None, typer.Option(help="Data directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str, typer.Option(help="Who does it; kept with the change.")]

_CALLED = {SETTINGS: "the ranker of each server's settings"}
_WEIGHTY_METRIC = "ndcg@10"


def promote(
    version: Annotated[
        str,
        typer.Argument(
            metavar="VERSION", help="Directory of a version, or the id of a stored one."
        ),
    ],
    *,
    by: By = platform.node(),
    json_output: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Serve a version in every replica, after each of them has tried it.

    It is hashed, parsed and scored in a child process here and in every server on the same store;
    if one of them refuses it, the version that serves stays. No server need run.
    """
    with _opened(config, data) as store:
        promoter = _promoter(store)
        stored = "@" in version and not Path(version).exists()
        done = (
            promoter.promote_stored(version, by=by)
            if stored
            else promoter.promote_directory(Path(version), by=by)
        )
    _tell(done, as_json=json_output)


def rollback(
    *,
    by: By = platform.node(),
    json_output: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Serve the ranker that the served one replaced; once more goes further back."""
    with _opened(config, data) as store:
        done = _promoter(store).rollback(by=by)
    _tell(done, as_json=json_output)


def list_versions(*, json_output: Json = False, config: Config = None, data: Data = None) -> None:
    """List stored versions with their metrics, and what was served from when."""
    with _opened(config, data) as store:
        rankers = RankerStore(store.database, changes=store.changes)
        versions, activations = rankers.versions(), rankers.activations()
    served = served_in_turn(activations)[-1]
    if json_output:
        document = {
            "served": served,
            "versions": [asdict(version) for version in versions],
            "activations": [asdict(activation) for activation in activations],
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    Console().print(_version_table(versions, served=served))
    Console().print(_activation_table(activations))


def show(
    directory: Annotated[
        Path, typer.Argument(help="Directory of a version.")
    ] = registry.DEFAULT_DIRECTORY,
    *,
    json_output: Json = False,
) -> None:
    """Check a version as the server would, and say what it is."""
    loaded = registry.load(directory)
    manifest = read_manifest(directory)
    document = {
        "id": loaded.id,
        "engine": loaded.engine,
        "engine_reason": loaded.engine_reason,
        "files": sorted(manifest.files),
        "features": list(manifest.features),
        "fingerprint": manifest.fingerprint,
        "metrics": dict(manifest.metrics),
        "provenance": dict(manifest.provenance),
    }
    if json_output:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    table = Table(title=loaded.id, show_header=False, title_justify="left")
    for key, value in [*manifest.metrics.items(), *manifest.provenance.items()]:
        table.add_row(key, _figure(value) if isinstance(value, float) else str(value))
    table.add_row("features", str(len(manifest.features)))
    because = f" ({loaded.engine_reason})" if loaded.engine_reason else ""
    table.add_row("engine", f"{loaded.engine}{because}")
    Console().print(table)


@contextmanager
def _opened(config: Path | None, data: Path | None) -> Iterator[Store]:
    store = Store(load_settings(config, flags={"data": data}).store_url)
    try:
        yield store
    finally:
        store.close()


def _promoter(store: Store) -> Promoter:
    return Promoter(
        RankerStore(store.database, changes=store.changes), replicas=Replicas(store.database)
    )


def _tell(done: Promotion, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
        return
    now = _CALLED.get(done.ranker, done.ranker)
    before = _CALLED.get(done.replaced, done.replaced)
    if done.ranker == done.replaced:
        typer.echo(f"Served already: {now}.")
    else:
        typer.echo(f"Served now: {now}; before: {before}. Replicas that hold it: {done.ready}.")
    if done.silent:
        typer.echo(
            f"{done.silent} replicas did not answer in time: they are gone, or take it up later.",
            err=True,
        )


def _version_table(versions: list[StoredVersion], *, served: str) -> Table:
    table = Table("version", _WEIGHTY_METRIC, "stored", box=box.SIMPLE_HEAD, pad_edge=False)
    for version in versions:
        metric = version.metrics.get(_WEIGHTY_METRIC)
        table.add_row(
            Text(f"{version.id} (served)" if version.id == served else version.id),
            "" if metric is None else f"{metric:.4f}",
            _moment(version.created_seconds),
        )
    if served == SETTINGS:
        table.add_row(Text(f"{_CALLED[SETTINGS]} (served)"), "", "")
    return table


def _activation_table(activations: list[Activation]) -> Table:
    table = Table("served from", "version", "by", "reason", box=box.SIMPLE_HEAD, pad_edge=False)
    for activation in reversed(activations):
        table.add_row(
            _moment(activation.created_seconds),
            Text(_CALLED.get(activation.ranker, activation.ranker)),
            Text(activation.activated_by),
            activation.reason.value,
        )
    return table


def _figure(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() and value > 1 else f"{value:.4f}"


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}Z"
