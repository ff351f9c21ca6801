"""Checks a request to explain a search: everything wrong at once, or what the explainer takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from omnishelf.v1 import search_service_pb2 as pb

from server.errors import InvalidRequest, NotBuilt, Violation
from server.explanation import AskedExplanation
from server.query import Query, SignalChange
from server.rpc.names import parse_catalog_name, parse_product_name
from server.rpc.page_tokens import PageTokens
from server.rpc.validate_ranking import signal_changes
from server.rpc.validate_search import check_search
from server.rpc.violations import Violations

MOST_TRIALS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedExplanation:
    """A checked request: the search, and what of it is to be explained."""

    query: Query
    asked: AskedExplanation


def check_explanation(
    request: pb.ExplainRankingRequest, *, dimension: int, tokens: PageTokens
) -> CheckedExplanation:
    """What a request asks of vectors ``dimension`` wide.

    Raises:
        NotBuilt: The search sets fields whose work is not done yet.
        InvalidRequest: Everything else that is wrong with it, at once; fields of the search are
            named ``search.FIELD``.
    """
    violations = Violations()
    query = None
    search = pb.SearchProductsRequest()
    search.CopyFrom(request.search)
    search.ClearField("page_token")
    search.ClearField("page_size")
    try:
        query = check_search(search, dimension=dimension, tokens=tokens).query
    except NotBuilt as error:
        raise NotBuilt(f"search.{error.field}", error.message) from None
    except InvalidRequest as error:
        for each in error.violations:
            violations.add(f"search.{each.field}", each.reason, each.description)
    catalog = _catalog(search.parent)
    product_id = other_id = ""
    with violations.collecting():
        product_id = parse_product_name(
            request.product, field="product", catalog=catalog
        ).product_id
    if request.other:
        with violations.collecting():
            other_id = parse_product_name(request.other, field="other", catalog=catalog).product_id
    if other_id and other_id == product_id:
        violations.add("other", "SAME_PRODUCT", "it is the product itself; name another, or none")
    trials = signal_changes(
        violations, request.trials, field="trials", most=MOST_TRIALS, catalog=catalog
    )
    violations.raise_any()
    if query is None:
        raise InvalidRequest(
            [Violation(field="search", reason="QUERY_EMPTY", description="say what is searched")]
        )
    return CheckedExplanation(
        query=query,
        asked=AskedExplanation(
            product_id=product_id,
            other_id=other_id or None,
            trials=tuple(_of(change, product_id) for change in trials) or None,
        ),
    )


def _of(change: SignalChange, product_id: str) -> SignalChange:
    return change if change.product_id else replace(change, product_id=product_id)


def _catalog(parent: str) -> str | None:
    """The catalog searched, None where its name is wrong, which `check_search` has said."""
    try:
        return parse_catalog_name(parent, field="search.parent")
    except InvalidRequest:
        return None
