"""Checks a search request: everything wrong at once, or the query that the pipeline takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import EnumDescriptor
from omnishelf.v1 import search_service_pb2 as pb

from server.errors import NotBuilt
from server.query import FacetRequest, Query, RankingMode
from server.retrieval.filters.parser import parse_filter
from server.retrieval.protocol import View
from server.rpc.names import parse_catalog_name
from server.rpc.page_tokens import FrozenOrder, PageTokens
from server.rpc.validate_parts import check_parts
from server.rpc.violations import Violations
from server.signals.reader import FacetField

DEFAULT_PAGE = 20
MOST_PAGE = 100
MOST_FACETS = 16
DEFAULT_FACET = 10
MOST_FACET = 100
MOST_COLLAPSE = 100
MOST_CANDIDATES = 1_000
MOST_SHOPPER_CHARACTERS = 128
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
    with violations.collecting():
        filter_tree = parse_filter(request.filter)
    if request.page_token:
        with violations.collecting():
            frozen = tokens.read_search(request)
    page_size = violations.page_size(request.page_size, default=DEFAULT_PAGE, most=MOST_PAGE)
    _check_known(violations, "view", request.view, pb.View.DESCRIPTOR)
    _check_known(violations, "product_detail", request.product_detail, pb.ProductDetail.DESCRIPTOR)
    _check_ranking(violations, request.ranking)
    violations.check_length("shopper.user", request.shopper.user, most=MOST_SHOPPER_CHARACTERS)
    violations.check_length(
        "shopper.session", request.shopper.session, most=MOST_SHOPPER_CHARACTERS
    )
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
        mode=_mode(request.ranking),
        variety=request.ranking.variety if request.ranking.HasField("variety") else None,
        candidates=request.ranking.candidates or None,
        image_share=(
            request.ranking.image_share if request.ranking.HasField("image_share") else None
        ),
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
    if request.ranking.feature_overrides:
        fields.append("ranking.feature_overrides")
    if fields:
        named = ", ".join(fields)
        raise NotBuilt(named, f"this release does not answer {named}; leave it out")


def _check_known(violations: Violations, field: str, value: int, kind: EnumDescriptor) -> None:
    if value not in kind.values_by_number:
        known = ", ".join(kind.values_by_name)
        violations.add(field, "ENUM_UNKNOWN", f"{value} has no meaning; take one of {known}")


def _check_ranking(violations: Violations, ranking: pb.RankingOptions) -> None:
    _check_known(violations, "ranking.mode", ranking.mode, pb.RankingOptions.Mode.DESCRIPTOR)
    if ranking.HasField("variety"):
        violations.check_range("ranking.variety", ranking.variety, low=0, high=1)
    if ranking.HasField("image_share"):
        violations.check_range("ranking.image_share", ranking.image_share, low=0, high=1)
    violations.check_range("ranking.candidates", ranking.candidates, low=0, high=MOST_CANDIDATES)


def _mode(ranking: pb.RankingOptions) -> RankingMode:
    if ranking.mode == pb.RankingOptions.MODE_RETRIEVAL:
        return RankingMode.RETRIEVAL
    return RankingMode.MODEL


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
