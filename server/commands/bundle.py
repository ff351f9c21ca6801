"""`omnishelf bundle`: the encoder bundles of a running server, opened, promoted and closed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from omnishelf.v1 import encoder_service_pb2 as pb
from omnishelf.v1 import encoder_service_pb2_grpc
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from server.address import announced_address
from server.errors import FailedPrecondition
from server.rpc.channel import open_channel, wire_errors
from server.rpc.validate_encoder import bundle_name
from server.settings import load_settings

bundle = typer.Typer(help="Switch a running server's encoder bundles.", no_args_is_help=True)

Server = Annotated[
    str | None, typer.Option(help="HOST:PORT of the server; else the one on the data directory.")
]
Config = Annotated[Path | None, typer.Option(help="Settings file (YAML).")]
Data = Annotated[Path | None, typer.Option(help="Data directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Bundle = Annotated[str, typer.Argument(metavar="BUNDLE", help="Id of an open bundle.")]


@bundle.command("list")
def list_bundles(
    *, server: Server = None, json_output: Json = False, config: Config = None, data: Data = None
) -> None:
    """List the bundles that are open."""
    found: list[pb.EncoderBundle] = []
    with _service(server, config, data) as stub:
        token = ""
        while not found or token:
            page = stub.ListEncoderBundles(pb.ListEncoderBundlesRequest(page_token=token))
            found += page.encoder_bundles
            token = page.next_page_token
    _show(found, as_json=json_output)


@bundle.command("open")
def open_bundle(
    directory: Annotated[
        str, typer.Argument(metavar="NAME", help="Folder in the server's folder of bundles.")
    ],
    *,
    server: Server = None,
    json_output: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Open a bundle beside those that are open, or a new copy of one of them.

    The server looks in `encoder.shelf` of its settings, else in `bundles` of its data directory.
    """
    with _service(server, config, data) as stub:
        opened = stub.OpenEncoderBundle(pb.OpenEncoderBundleRequest(directory_name=directory))
    _show([opened.encoder_bundle], as_json=json_output)


@bundle.command("promote")
def promote_bundle(
    bundle_id: Bundle,
    *,
    server: Server = None,
    json_output: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Make new catalogs and replacements with a bundle, until the server's next start."""
    with _service(server, config, data) as stub:
        name = bundle_name(bundle_id)
        promoted = stub.PromoteEncoderBundle(pb.PromoteEncoderBundleRequest(name=name))
    _show([promoted.encoder_bundle], as_json=json_output)


@bundle.command("close")
def close_bundle(
    bundle_id: Bundle, *, server: Server = None, config: Config = None, data: Data = None
) -> None:
    """Close a bundle that no catalog needs."""
    with _service(server, config, data) as stub:
        stub.CloseEncoderBundle(pb.CloseEncoderBundleRequest(name=bundle_name(bundle_id)))
    typer.echo(f"Bundle {bundle_id} is closed.")


@contextmanager
def _service(
    server: str | None, config: Path | None, data: Path | None
) -> Iterator[encoder_service_pb2_grpc.EncoderServiceStub]:
    """The service of a server that runs; what it refuses is raised as it was there."""
    settings = load_settings(config, flags={"data": data})
    target = server or announced_address(settings.address_file)
    if target is None:
        message = (
            f"no server runs on {settings.data}; name one with --server, start one with `omnishelf "
            "serve`, or set encoder.bundle for the next one"
        )
        raise FailedPrecondition(message, reason="NO_SERVER")
    with open_channel(target) as channel, wire_errors(target):
        yield encoder_service_pb2_grpc.EncoderServiceStub(channel)


def _show(bundles: list[pb.EncoderBundle], *, as_json: bool) -> None:
    rows = [
        {
            "bundle": each.name.partition("/")[2],
            "dimension": each.dimension,
            "current": each.current,
            "catalogs": [catalog.partition("/")[2] for catalog in each.catalogs],
            "runs_on": each.runs_on,
            "away_reason": each.away_reason,
            "has_image_tower": each.has_image_tower,
        }
        for each in bundles
    ]
    if as_json:
        typer.echo(json.dumps({"bundles": rows}, ensure_ascii=False, indent=2))
        return
    table = Table("bundle", "dimension", "catalogs", "runs on", box=box.SIMPLE_HEAD, pad_edge=False)
    for each in bundles:
        named = each.name.partition("/")[2]
        table.add_row(
            Text(f"{named} (current)" if each.current else named),
            str(each.dimension),
            Text(", ".join(catalog.partition("/")[2] for catalog in each.catalogs) or "none"),
            Text(f"{each.runs_on}, away: {each.away_reason}" if each.away_reason else each.runs_on),
        )
    Console().print(table)
