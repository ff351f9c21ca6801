"""Checks a search request: everything wrong at once, or the query that the pipeline takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from omnishelf.v1 import search_service_pb2 as pb

from server.errors import NotBuilt
from server.query import FacetRequest, Query
from server.retrieval.filters.parser import parse_filter
from server.retrieval.protocol import View
from server.rpc.names import parse_catalog_name
from server.rpc.page_tokens import FrozenOrder, PageTokens
from server.rpc.validate_parts import check_parts
from server.rpc.validate_ranking import (
    MOST_CHANGES,
    check_known,
    check_ranking,
    method_of,
    mode_of,
    shopper_of,
    signal_changes,
)
from server.rpc.violations import Violations
from server.signals.reader import FacetField

DEFAULT_PAGE = 20
MOST_PAGE = 100
MOST_FACETS = 16
DEFAULT_FACET = 10
MOST_FACET = 100
MOST_COLLAPSE = 100
FACET_FIELDS: Mapping[str, FacetField] = {
    "category": "category",
    "brand": "brand",
    "color": "color",
    "price": "price",
}

_VIEWS: Mapping[int, frozenset[View]] = {
    pb.VIEW_UNSPECIFIED: frozenset(View),
    pb.VIEW_ALL: frozenset(View),
    pb.VIEW_TEXT: frozenset({View.TEXT}),
    pb.VIEW_IMAGE: frozenset({View.IMAGE}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSearch:
    """A checked request.

    ``frozen`` is the order that its page token carried, None for a fresh search; ``page_size`` is
    1 to 100.
    """

    query: Query
    page_size: int
    detail: int
    frozen: FrozenOrder | None


def check_search(
    request: pb.SearchProductsRequest, *, dimension: int, tokens: PageTokens
) -> AskedSearch:
    """What a request asks of vectors ``dimension`` wide.

    Raises:
        NotBuilt: It sets fields whose work is not done yet.
        InvalidRequest: Everything else that is wrong with it, at once.
    """
    _refuse_not_built(request)
    violations = Violations()
    catalog = frozen = filter_tree = None
    with violations.collecting():
        catalog = parse_catalog_name(request.parent, field="parent")
    parts = check_parts(request.query, catalog=catalog, dimension=dimension, violations=violations)
    if request.filter:
        with violations.collecting():
            filter_tree = parse_filter(request.filter)
    if request.page_token:
        with violations.collecting():
            frozen = tokens.read_search(request)
    page_size = violations.page_size(request.page_size, default=DEFAULT_PAGE, most=MOST_PAGE)
    check_known(violations, "view", request.view, pb.View.DESCRIPTOR)
    check_known(violations, "product_detail", request.product_detail, pb.ProductDetail.DESCRIPTOR)
    ranking = request.ranking
    if request.HasField("ranking"):
        check_ranking(violations, ranking)
    changes = signal_changes(
        violations,
        ranking.signal_changes,
        field="ranking.signal_changes",
        most=MOST_CHANGES,
        catalog=catalog,
    )
    shopper = shopper_of(violations, request)
    facets = _facets(violations, request)
    collapse_limit = _collapse_limit(violations, request)
    violations.raise_any()
    query = Query(
        catalog=catalog or "",
        parts=parts,
        views=_VIEWS[request.view],
        filter_tree=filter_tree,
        facets=facets,
        collapse_limit=collapse_limit,
        mode=mode_of(ranking),
        variety=ranking.variety if ranking.HasField("variety") else None,
        diversifier=method_of(ranking),
        brand_limit=ranking.brand_limit or None,
        category_limit=ranking.category_limit or None,
        candidates=ranking.candidates or None,
        image_share=ranking.image_share if ranking.HasField("image_share") else None,
        feature_overrides=dict(ranking.feature_overrides),
        signal_changes=changes,
        shopper=shopper,
        explain=request.explain,
    )
    detail = request.product_detail or pb.PRODUCT_DETAIL_BASIC
    return AskedSearch(query=query, page_size=page_size, detail=detail, frozen=frozen)


def _refuse_not_built(request: pb.SearchProductsRequest) -> None:
    fields = [
        f"query[{place}].{part.WhichOneof('content')}"
        for place, part in enumerate(request.query)
        if part.WhichOneof("content") in ("audio", "video")
    ]
    if request.experiment_unit:
        fields.append("experiment_unit")
    if fields:
        named = ", ".join(fields)
        raise NotBuilt(named, f"this release does not answer {named}; leave it out")


def _facets(violations: Violations, request: pb.SearchProductsRequest) -> tuple[FacetRequest, ...]:
    if len(request.facets) > MOST_FACETS:
        description = f"{len(request.facets)} are asked; at most {MOST_FACETS} are counted"
        violations.add("facets", "TOO_MANY_FACETS", description)
    facets = []
    for place, facet in enumerate(request.facets[:MOST_FACETS]):
        violations.check_range(f"facets[{place}].limit", facet.limit, low=0, high=MOST_FACET)
        field = FACET_FIELDS.get(facet.field)
        if field is None:
            description = f"{facet.field[:60]!r} is not counted; take {', '.join(FACET_FIELDS)}"
            violations.add(f"facets[{place}].field", "FACET_UNKNOWN", description)
        else:
            facets.append(FacetRequest(field=field, limit=facet.limit or DEFAULT_FACET))
    return tuple(facets)


def _collapse_limit(violations: Violations, request: pb.SearchProductsRequest) -> int | None:
    if not request.HasField("collapse"):
        return None
    if request.collapse.field not in ("", "group_id"):
        description = f"{request.collapse.field[:60]!r} ties no variants; write group_id"
        violations.add("collapse.field", "COLLAPSE_UNKNOWN", description)
    violations.check_range("collapse.limit", request.collapse.limit, low=0, high=MOST_COLLAPSE)
    return request.collapse.limit or 1
