"""`omnishelf search`: one search, as a table or as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from omnishelf.v1 import search_service_pb2 as pb
from omnishelf.v1 import search_service_pb2_grpc
from rich.console import Console

from server.commands.connect import connected
from server.commands.search_request import ModeName, SearchOptions, ViewName, build_request
from server.commands.search_table import print_results
from server.rpc.channel import wire_errors
from server.settings import DEFAULT_CATALOG, load_settings


def search(
    text: Annotated[str | None, typer.Argument(help="Words, in English, Chinese or both.")] = None,
    *,
    image: Annotated[
        list[Path] | None, typer.Option(help="A picture: JPEG, PNG or WebP. May be repeated.")
    ] = None,
    like: Annotated[
        list[str] | None, typer.Option(help="Id of a product to resemble. May be repeated.")
    ] = None,
    weight: Annotated[
        list[float] | None,
        typer.Option(help="Weight of each part in the order text, pictures, products."),
    ] = None,
    filter_text: Annotated[
        str, typer.Option("--filter", help="Such as: price <= 50 AND color = 'blue'.")
    ] = "",
    catalog: Annotated[str, typer.Option(help="Catalog to search.")] = DEFAULT_CATALOG,
    page_size: Annotated[int, typer.Option(help="Hits to show.")] = 10,
    view: Annotated[ViewName, typer.Option(help="Vectors to compare.")] = ViewName.ALL,
    variety: Annotated[float | None, typer.Option(help="Strength of variety, 0 to 1.")] = None,
    mode: Annotated[
        ModeName | None, typer.Option(help="Who orders; the served ranker unless said.")
    ] = None,
    user: Annotated[str, typer.Option(help="Who asks: the shop's pseudonym.")] = "",
    session: Annotated[str, typer.Option(help="The visit in which it is asked.")] = "",
    explain: Annotated[bool, typer.Option("--explain", help="Show what made the score.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    server: Annotated[
        str | None, typer.Option(help="HOST:PORT; else the one on the data directory, or none.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
) -> None:
    """Search a catalog by words, pictures and example products."""
    request = build_request(
        SearchOptions(
            text=text,
            images=tuple(image or ()),
            products=tuple(like or ()),
            weights=tuple(weight or ()),
            filter_text=filter_text,
            catalog=catalog,
            page_size=page_size,
            view=view,
            variety=variety,
            explain=explain,
            mode=mode,
            user=user,
            session=session,
        )
    )
    settings = load_settings(config, flags={"data": data})
    with connected(settings, server=server) as (channel, target), wire_errors(target):
        response = search_service_pb2_grpc.SearchServiceStub(channel).SearchProducts(request)
    if json_output:
        typer.echo(_as_json(response))
    else:
        print_results(Console(), response, chinese=_is_chinese(text or ""))


def _as_json(response: pb.SearchProductsResponse) -> str:
    document = MessageToDict(response, preserving_proto_field_name=True)
    return json.dumps(document, ensure_ascii=False, indent=2)


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)
