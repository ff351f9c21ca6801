"""`omnishelf explain`: why a product stands where it stands for a query, and what would move it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from omnishelf.v1 import search_service_pb2 as pb
from omnishelf.v1 import search_service_pb2_grpc
from rich.console import Console

from server.catalog.codec import product_name
from server.commands.connect import connected
from server.commands.explanation_table import print_explanation
from server.commands.search_request import ModeName, SearchOptions, ViewName, build_request
from server.rpc.channel import wire_errors
from server.settings import DEFAULT_CATALOG, load_settings


def explain(
    text: Annotated[str, typer.Argument(help="Words of the search.")],
    *,
    product: Annotated[str, typer.Option(help="Id of the product to explain.")],
    other: Annotated[
        str | None, typer.Option(help="Id to compare with; the one just above unless said.")
    ] = None,
    filter_text: Annotated[
        str, typer.Option("--filter", help="Such as: price <= 50 AND color = 'blue'.")
    ] = "",
    catalog: Annotated[str, typer.Option(help="Catalog to search.")] = DEFAULT_CATALOG,
    mode: Annotated[
        ModeName | None, typer.Option(help="Who orders; the served ranker unless said.")
    ] = None,
    user: Annotated[str, typer.Option(help="Who asks: the shop's pseudonym.")] = "",
    session: Annotated[str, typer.Option(help="The visit in which it is asked.")] = "",
    price_factor: Annotated[
        list[float] | None, typer.Option(help="Try a price so many times as high. Repeatable.")
    ] = None,
    stock: Annotated[list[int] | None, typer.Option(help="Try so many units. Repeatable.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    server: Annotated[
        str | None, typer.Option(help="HOST:PORT; else the one on the data directory, or none.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Settings file (YAML).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
) -> None:
    """Say why a product stands where it stands, and where it would with another price or stock."""
    search = build_request(
        SearchOptions(
            text=text,
            images=(),
            products=(),
            weights=(),
            filter_text=filter_text,
            catalog=catalog,
            page_size=0,
            view=ViewName.ALL,
            variety=None,
            explain=False,
            mode=mode,
            user=user,
            session=session,
        )
    )
    request = pb.ExplainRankingRequest(
        search=search,
        product=_name(catalog, product),
        other=_name(catalog, other) if other else "",
        trials=[
            *(pb.SignalChange(price_factor=each) for each in price_factor or ()),
            *(pb.SignalChange(stock=each) for each in stock or ()),
        ],
    )
    settings = load_settings(config, flags={"data": data})
    with connected(settings, server=server) as (channel, target), wire_errors(target):
        response = search_service_pb2_grpc.SearchServiceStub(channel).ExplainRanking(request)
    if json_output:
        document = MessageToDict(response, preserving_proto_field_name=True)
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        print_explanation(Console(), response)


def _name(catalog: str, product_id: str) -> str:
    return product_id if "/" in product_id else product_name(catalog, product_id)
