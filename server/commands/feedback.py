"""`omnishelf feedback`: what shoppers did, imported, counted and forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Annotated

import typer
from omnishelf.v1 import feedback_service_pb2 as pb
from omnishelf.v1 import feedback_service_pb2_grpc
from rich import box
from rich.console import Console
from rich.table import Table

from server.catalog.store import Store
from server.commands.connect import connected
from server.commands.event_lines import EventLine, event_lines
from server.feedback.event import EventKind
from server.feedback.event_store import EventStore
from server.rpc.channel import wire_errors
from server.settings import DEFAULT_CATALOG, load_settings

feedback = typer.Typer(help="Record, count and forget what shoppers do.", no_args_is_help=True)

EVENTS_A_CALL = 1_000
REASONS_SHOWN = 20

Server = Annotated[
    str | None, typer.Option(help="HOST:PORT of the server; else that of the data directory.")
]
Config = Annotated[Path | None, typer.Option(help="Settings file (YAML).")]
Data = Annotated[Path | None, typer.Option(help="Data directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@feedback.command("import")
def import_events(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Events, one JSON object a line.")],
    *,
    catalog: Annotated[str, typer.Option(help="Catalog they are of.")] = DEFAULT_CATALOG,
    server: Server = None,
    json_output: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Record events of a file; those recorded before are left out, so it may be run again.

    A line has `event_id`, `type` (impression, click, add_to_cart, purchase), `product`, `time`
    (2026-01-31T12:00:00Z) and, where known, `search_id`, `position`, `user`, `session`, `quantity`
    and `revenue` ({"currencyCode": "EUR", "units": 12}).
    """
    sums = dict.fromkeys(("recorded", "duplicates", "unknown_products", "unknown_searches"), 0)
    wrong: list[dict[str, object]] = []
    with _stub(server, config, data) as stub:
        for batch in _batches(event_lines(file, catalog=catalog)):
            wrong += [{"line": each.line, "why": each.wrong} for each in batch if not each.event]
            sent = [each for each in batch if each.event]
            if not sent:
                continue
            request = pb.RecordEventsRequest(
                parent=f"catalogs/{catalog}", events=[each.event for each in sent if each.event]
            )
            reply = stub.RecordEvents(request)
            sums["recorded"] += reply.recorded_count
            sums["duplicates"] += reply.duplicate_count
            sums["unknown_products"] += reply.unknown_product_count
            sums["unknown_searches"] += reply.unknown_search_count
            wrong += [
                {"line": sent[each.index].line, "why": each.status.message}
                for each in reply.refused_events
            ]
    wrong.sort(key=itemgetter("line"))
    _report(sums, wrong, as_json=json_output)
    if wrong:
        raise typer.Exit(1)


@feedback.command("forget")
def forget(
    user: Annotated[str, typer.Argument(metavar="USER", help="Pseudonym, as events carry it.")],
    *,
    server: Server = None,
    json_output: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Erase all that is kept of one shopper, in every catalog, and count what is left."""
    with _stub(server, config, data) as stub:
        reply = stub.ForgetUser(pb.ForgetUserRequest(user=user))
    document = {
        "erased_events": reply.erased_event_count,
        "erased_searches": reply.erased_search_count,
        "remaining": reply.remaining_count,
    }
    if json_output:
        typer.echo(json.dumps(document))
    else:
        typer.echo(
            f"Erased {document['erased_events']:,} events and {document['erased_searches']:,} "
            f"searches; {document['remaining']:,} rows carry the pseudonym."
        )
    if reply.remaining_count:
        raise typer.Exit(1)


@feedback.command("stats")
def stats(*, json_output: Json = False, config: Config = None, data: Data = None) -> None:
    """Count the events kept, by catalog and type. It reads the store itself."""
    settings = load_settings(config, flags={"data": data})
    with closing(Store(settings.store_url)) as store:
        totals = EventStore(store).totals()
    names = {kind: kind.name.lower() for kind in EventKind}
    document = {
        catalog: {name: kinds.get(kind, 0) for kind, name in names.items()}
        for catalog, kinds in totals.items()
    }
    if json_output:
        typer.echo(json.dumps(document))
        return
    table = Table("catalog", *names.values(), box=box.SIMPLE_HEAD, pad_edge=False)
    for catalog, kinds in document.items():
        table.add_row(catalog, *(f"{number:,}" for number in kinds.values()))
    Console().print(table if document else "No events are kept.")


@contextmanager
def _stub(
    server: str | None, config: Path | None, data: Path | None
) -> Iterator[feedback_service_pb2_grpc.FeedbackServiceStub]:
    settings = load_settings(config, flags={"data": data})
    with connected(settings, server=server) as (channel, target), wire_errors(target):
        yield feedback_service_pb2_grpc.FeedbackServiceStub(channel)


def _batches(lines: Iterable[EventLine]) -> Iterator[list[EventLine]]:
    rest = iter(lines)
    while batch := list(islice(rest, EVENTS_A_CALL)):
        yield batch


def _report(sums: dict[str, int], wrong: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({**sums, "refused": wrong}, ensure_ascii=False))
        return
    typer.echo(
        f"Recorded {sums['recorded']:,} events; {sums['duplicates']:,} were recorded before, "
        f"{len(wrong):,} refused. Of those recorded {sums['unknown_products']:,} name unknown "
        f"products, {sums['unknown_searches']:,} unknown searches."
    )
    for each in wrong[:REASONS_SHOWN]:
        typer.echo(f"  line {each['line']}: {each['why']}", err=True)
    if len(wrong) > REASONS_SHOWN:
        typer.echo(f"  and {len(wrong) - REASONS_SHOWN:,} more", err=True)
