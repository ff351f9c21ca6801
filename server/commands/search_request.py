"""Options of `omnishelf search` to the request they mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from omnishelf.v1 import search_service_pb2 as pb

from server.catalog.codec import product_name
from server.errors import InvalidRequest, NotFound, Violation
from server.rpc.names import catalog_name


class ViewName(StrEnum):
    """Which vectors of a product are compared."""

    ALL = "all"
    TEXT = "text"
    IMAGE = "image"


class ModeName(StrEnum):
    """Who puts the products in order."""

    MODEL = "model"
    RETRIEVAL = "retrieval"
    RULES = "rules"


_MODES = {
    ModeName.MODEL: pb.RankingOptions.MODE_MODEL,
    ModeName.RETRIEVAL: pb.RankingOptions.MODE_RETRIEVAL,
    ModeName.RULES: pb.RankingOptions.MODE_RULES,
}

_VIEWS = {
    ViewName.ALL: pb.VIEW_ALL,
    ViewName.TEXT: pb.VIEW_TEXT,
    ViewName.IMAGE: pb.VIEW_IMAGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """What a person typed. ``weights`` go to the parts in the order text, images, products."""

    text: str | None
    images: tuple[Path, ...]
    products: tuple[str, ...]
    weights: tuple[float, ...]
    filter_text: str
    catalog: str
    page_size: int
    view: ViewName
    variety: float | None
    explain: bool
    mode: ModeName | None = None
    user: str = ""
    session: str = ""


def build_request(options: SearchOptions) -> pb.SearchProductsRequest:
    """The request for a server, which checks everything that is not about files and weights.

    Raises:
        NotFound: A picture's file is not there.
        InvalidRequest: There is nothing to search for, or not one weight a part.
    """
    parts = list(_parts(options))
    if not parts:
        raise _wrong("TEXT", "QUERY_EMPTY", "say what to search for: words, --image or --like")
    if options.weights and len(options.weights) != len(parts):
        description = f"give one for each of the {len(parts)} parts, not {len(options.weights)}"
        raise _wrong("--weight", "WEIGHT_COUNT", description)
    for part, weight in zip(parts, options.weights, strict=False):
        part.weight = weight
    ranking = pb.RankingOptions()
    if options.variety is not None:
        ranking.variety = options.variety
    if options.mode is not None:
        ranking.mode = _MODES[options.mode]
    shopper = pb.Shopper(user=options.user, session=options.session)
    return pb.SearchProductsRequest(
        parent=catalog_name(options.catalog),
        query=parts,
        filter=options.filter_text,
        page_size=options.page_size,
        view=_VIEWS[options.view],
        ranking=ranking,
        shopper=shopper if options.user or options.session else None,
        explain=options.explain,
    )


def _parts(options: SearchOptions) -> Iterator[pb.QueryPart]:
    if options.text is not None:
        yield pb.QueryPart(text=options.text)
    for path in options.images:
        if not path.is_file():
            raise NotFound(f"{path} is not there; name a picture with --image", file=str(path))
        yield pb.QueryPart(image=path.read_bytes())
    for product_id in options.products:
        name = product_id if "/" in product_id else product_name(options.catalog, product_id)
        yield pb.QueryPart(product=name)


def _wrong(field: str, reason: str, description: str) -> InvalidRequest:
    return InvalidRequest([Violation(field=field, reason=reason, description=description)])
