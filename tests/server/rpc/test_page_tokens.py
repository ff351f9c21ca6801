import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from omnishelf.v1 import search_service_pb2 as pb

from server.errors import InvalidRequest
from server.hits import FiredRule, RankedHit
from server.query import FacetCounts, SearchResult
from server.rpc.page_tokens import LIFETIME_SECONDS, PageTokens
from server.rpc.signing import TokenSigner
from server.stages import FallbackUsed

REQUEST = pb.SearchProductsRequest(
    parent="catalogs/luma", query=[pb.QueryPart(text="blue pants")], page_size=2
)

PINNED = FiredRule(name="catalogs/luma/rules/r", action="pin")


class Clock:
    seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> PageTokens:
    return PageTokens(TokenSigner(b"k" * 32), now=clock)


def _with_token(token: str, **changes: object) -> pb.SearchProductsRequest:
    request = pb.SearchProductsRequest()
    request.CopyFrom(REQUEST)
    request.page_token = token
    request.MergeFrom(pb.SearchProductsRequest(**changes))  # type: ignore[arg-type] # by keyword
    return request


def _reason(error: InvalidRequest) -> str:
    (violation,) = error.violations
    assert violation.field == "page_token"
    return violation.reason


def test_a_token_carries_the_whole_frozen_order(
    tokens: PageTokens, make_result: Callable[..., SearchResult]
) -> None:
    explained = RankedHit(
        product_id="颜色-1", score=0.25, text_similarity=-0.5, image_similarity=0.75,
        lexical_score=0.0, contributions={"bias": 1.0, "price": -0.125},
    )  # fmt: skip
    result = make_result(
        hits=(explained, replace(explained, product_id="b", rules=(PINNED,))),
        facets=(FacetCounts(field="color", counts=(("blue", 3), ("黑色", 1))),),
        fallbacks=(FallbackUsed(stage="rank", used="retrieval_order", reason="DEADLINE"),),
    )
    token = tokens.write_search(REQUEST, tokens.freeze(result), offset=1)
    frozen = tokens.read_search(_with_token(token))
    assert frozen.offset == 1
    assert frozen.expires_seconds == 1_000 + LIFETIME_SECONDS
    assert list(frozen.result.hits) == list(result.hits)
    assert replace(frozen.result, hits=()) == replace(result, hits=(), stage_seconds={})


def test_what_has_no_vector_stays_unknown(
    tokens: PageTokens, make_result: Callable[..., SearchResult]
) -> None:
    token = tokens.write_search(REQUEST, tokens.freeze(make_result()), offset=2)
    hit = tokens.read_search(_with_token(token)).result.hits[2]
    assert math.isnan(hit.image_similarity)
    assert (hit.product_id, hit.score) == ("p2", 1.0 - 2 / 1024)


def test_page_size_may_change_between_pages(
    tokens: PageTokens, make_result: Callable[..., SearchResult]
) -> None:
    token = tokens.write_search(REQUEST, tokens.freeze(make_result()), offset=2)
    assert tokens.read_search(_with_token(token, page_size=50)).offset == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"parent": "catalogs/other"},
        {"query": [pb.QueryPart(text="more")]},
        {"filter": "price < 3"},
        {"view": pb.VIEW_TEXT},
        {"explain": True},
        {"ranking": pb.RankingOptions(variety=0.0)},
        {"shopper": pb.Shopper(user="u")},
    ],
)
def test_a_token_of_another_request(
    tokens: PageTokens, make_result: Callable[..., SearchResult], changes: dict[str, object]
) -> None:
    token = tokens.write_search(REQUEST, tokens.freeze(make_result()), offset=2)
    with pytest.raises(InvalidRequest) as caught:
        tokens.read_search(_with_token(token, **changes))
    assert _reason(caught.value) == "PAGE_TOKEN_OTHER_REQUEST"


def test_pages_end_ten_minutes_after_the_search(
    tokens: PageTokens, clock: Clock, make_result: Callable[..., SearchResult]
) -> None:
    first = tokens.write_search(REQUEST, tokens.freeze(make_result()), offset=1)
    clock.seconds = 1_000 + LIFETIME_SECONDS - 1
    second = tokens.write_search(REQUEST, tokens.read_search(_with_token(first)), offset=2)
    assert tokens.read_search(_with_token(second)).offset == 2
    clock.seconds = 1_000 + LIFETIME_SECONDS
    with pytest.raises(InvalidRequest) as caught:
        tokens.read_search(_with_token(second))
    assert _reason(caught.value) == "PAGE_TOKEN_EXPIRED"


def test_a_listing_goes_on_after_a_product(tokens: PageTokens) -> None:
    token = tokens.write_list("luma", after_id="p7")
    assert tokens.read_list(token, catalog="luma") == "p7"
    with pytest.raises(InvalidRequest) as caught:
        tokens.read_list(token, catalog="other")
    assert _reason(caught.value) == "PAGE_TOKEN_OTHER_REQUEST"
    with pytest.raises(InvalidRequest) as caught:
        tokens.read_search(_with_token(token))
    assert _reason(caught.value) == "PAGE_TOKEN_INVALID"
