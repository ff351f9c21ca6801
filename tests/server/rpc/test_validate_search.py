from collections.abc import Callable

import numpy as np
import pytest
from omnishelf.v1 import search_service_pb2 as pb

from server.errors import InvalidRequest, NotBuilt
from server.query import (
    FacetRequest,
    PicturePart,
    ProductPart,
    Query,
    RankingMode,
    SearchResult,
    TextPart,
    VectorPart,
)
from server.retrieval.filters.parser import parse_filter
from server.retrieval.protocol import View
from server.rpc.page_tokens import PageTokens
from server.rpc.signing import TokenSigner
from server.rpc.validate_search import AskedSearch, check_search

TOKENS = PageTokens(TokenSigner(b"k" * 32))
DIMENSION = 3
TEXT = pb.QueryPart(text="blue pants")
PARENT = "catalogs/luma"


def _check(**fields: object) -> AskedSearch:
    whole = {"parent": PARENT, "query": [TEXT], **fields}
    request = pb.SearchProductsRequest(**whole)  # type: ignore[arg-type] # fields by keyword
    return check_search(request, dimension=DIMENSION, tokens=TOKENS)


def _violations(**fields: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        _check(**fields)
    return [(violation.field, violation.reason) for violation in caught.value.violations]


def test_a_plain_request_takes_every_default() -> None:
    asked = _check()
    assert asked.query == Query(catalog="luma", parts=(TextPart(text="blue pants"),))
    assert (asked.page_size, asked.detail, asked.frozen) == (20, pb.PRODUCT_DETAIL_BASIC, None)


def test_every_part_keeps_its_weight_and_its_field() -> None:
    query = _check(
        query=[
            pb.QueryPart(text="裤子", weight=-0.5),
            pb.QueryPart(image=b"picture", weight=2),
            pb.QueryPart(product=f"{PARENT}/products/p1"),
            pb.QueryPart(vector=pb.Vector(values=[3, 0, 4])),
        ]
    ).query
    text, picture, product, vector = query.parts
    assert text == TextPart(text="裤子", weight=-0.5)
    assert picture == PicturePart(data=b"picture", field="query[1].image", weight=2.0)
    assert product == ProductPart(product_id="p1", field="query[2].product")
    assert isinstance(vector, VectorPart)
    assert vector.field == "query[3].vector"
    np.testing.assert_array_equal(vector.vector, np.array([3, 0, 4], np.float32))


def test_every_option_is_passed_on() -> None:
    asked = _check(
        filter="price < 20",
        page_size=500,
        facets=[pb.FacetSpec(field="color"), pb.FacetSpec(field="price", limit=4)],
        collapse=pb.CollapseSpec(limit=2),
        view=pb.VIEW_IMAGE,
        product_detail=pb.PRODUCT_DETAIL_NAME,
        ranking=pb.RankingOptions(
            mode=pb.RankingOptions.MODE_RETRIEVAL, variety=0.0, candidates=50, image_share=1.0
        ),
        explain=True,
    )
    assert asked.query == Query(
        catalog="luma",
        parts=(TextPart(text="blue pants"),),
        views=frozenset({View.IMAGE}),
        filter_tree=parse_filter("price < 20"),
        facets=(FacetRequest(field="color", limit=10), FacetRequest(field="price", limit=4)),
        collapse_limit=2,
        mode=RankingMode.RETRIEVAL,
        variety=0.0,
        candidates=50,
        image_share=1.0,
        explain=True,
    )
    assert (asked.page_size, asked.detail) == (100, pb.PRODUCT_DETAIL_NAME)


@pytest.mark.parametrize(
    ("view", "views"),
    [
        (pb.VIEW_UNSPECIFIED, set(View)),
        (pb.VIEW_ALL, set(View)),
        (pb.VIEW_TEXT, {View.TEXT}),
        (pb.VIEW_IMAGE, {View.IMAGE}),
    ],
)
def test_views(view: pb.View, views: set[View]) -> None:
    assert _check(view=view).query.views == views


def test_collapse_without_a_limit_keeps_one_of_a_group() -> None:
    assert _check(collapse=pb.CollapseSpec()).query.collapse_limit == 1
    assert _check(collapse=pb.CollapseSpec(field="group_id")).query.collapse_limit == 1


@pytest.mark.parametrize(
    ("part", "field", "reason"),
    [
        (pb.QueryPart(), "query[0]", "PART_EMPTY"),
        (pb.QueryPart(text=""), "query[0].text", "TEXT_BLANK"),
        (pb.QueryPart(text=" \t\n　"), "query[0].text", "TEXT_BLANK"),
        (pb.QueryPart(text="\u200b\u200d"), "query[0].text", "TEXT_BLANK"),
        (pb.QueryPart(text="x" * 2_001), "query[0].text", "TOO_LONG"),
        (pb.QueryPart(text="鞋" * 10_000), "query[0].text", "TOO_LONG"),
        (pb.QueryPart(image=b""), "query[0].image", "PICTURE_EMPTY"),
        (pb.QueryPart(image=bytes(20 * 2**20 + 1)), "query[0].image", "PICTURE_TOO_LARGE"),
        (pb.QueryPart(product="p1"), "query[0].product", "PRODUCT_NAME_INVALID"),
        (
            pb.QueryPart(product="catalogs/other/products/p1"),
            "query[0].product",
            "PRODUCT_OTHER_CATALOG",
        ),
        (pb.QueryPart(vector=pb.Vector()), "query[0].vector", "VECTOR_WRONG_SIZE"),
        (pb.QueryPart(vector=pb.Vector(values=[1, 2])), "query[0].vector", "VECTOR_WRONG_SIZE"),
        (
            pb.QueryPart(vector=pb.Vector(values=[1, float("nan"), 0])),
            "query[0].vector",
            "VECTOR_NOT_FINITE",
        ),
        (
            pb.QueryPart(vector=pb.Vector(values=[1, 0, float("-inf")])),
            "query[0].vector",
            "VECTOR_NOT_FINITE",
        ),
        (pb.QueryPart(vector=pb.Vector(values=[0, 0, 0])), "query[0].vector", "VECTOR_ZERO"),
        (pb.QueryPart(text="a", weight=0), "query[0].weight", "WEIGHT_ZERO"),
        (pb.QueryPart(text="a", weight=10.5), "query[0].weight", "OUT_OF_RANGE"),
        (pb.QueryPart(text="a", weight=-11), "query[0].weight", "OUT_OF_RANGE"),
        (pb.QueryPart(text="a", weight=float("nan")), "query[0].weight", "OUT_OF_RANGE"),
        (pb.QueryPart(text="a", weight=float("inf")), "query[0].weight", "OUT_OF_RANGE"),
    ],
)
def test_what_a_part_may_not_be(part: pb.QueryPart, field: str, reason: str) -> None:
    assert _violations(query=[part]) == [(field, reason)]


@pytest.mark.parametrize(
    "part",
    [
        pb.QueryPart(text="x" * 2_000),
        pb.QueryPart(text="a", weight=10),
        pb.QueryPart(text="a", weight=-10),
        pb.QueryPart(image=bytes(20 * 2**20)),
        pb.QueryPart(text="👟"),
    ],
)
def test_what_is_just_right(part: pb.QueryPart) -> None:
    assert len(_check(query=[part]).query.parts) == 1


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"parent": ""}, "parent", "CATALOG_NAME_INVALID"),
        ({"parent": "luma"}, "parent", "CATALOG_NAME_INVALID"),
        ({"query": []}, "query", "QUERY_EMPTY"),
        ({"query": [TEXT] * 17}, "query", "TOO_MANY_PARTS"),
        ({"page_size": -1}, "page_size", "OUT_OF_RANGE"),
        ({"page_token": "never written"}, "page_token", "PAGE_TOKEN_INVALID"),
        ({"facets": [pb.FacetSpec(field="size")]}, "facets[0].field", "FACET_UNKNOWN"),
        ({"facets": [pb.FacetSpec()]}, "facets[0].field", "FACET_UNKNOWN"),
        (
            {"facets": [pb.FacetSpec(field="color", limit=101)]},
            "facets[0].limit",
            "OUT_OF_RANGE",
        ),
        ({"facets": [pb.FacetSpec(field="color")] * 17}, "facets", "TOO_MANY_FACETS"),
        ({"collapse": pb.CollapseSpec(field="brand")}, "collapse.field", "COLLAPSE_UNKNOWN"),
        ({"collapse": pb.CollapseSpec(limit=-1)}, "collapse.limit", "OUT_OF_RANGE"),
        ({"view": 9}, "view", "ENUM_UNKNOWN"),
        ({"product_detail": -1}, "product_detail", "ENUM_UNKNOWN"),
        ({"ranking": pb.RankingOptions(mode=7)}, "ranking.mode", "ENUM_UNKNOWN"),  # type: ignore[arg-type] # unknown on purpose
        ({"ranking": pb.RankingOptions(variety=1.5)}, "ranking.variety", "OUT_OF_RANGE"),
        (
            {"ranking": pb.RankingOptions(image_share=float("nan"))},
            "ranking.image_share",
            "OUT_OF_RANGE",
        ),
        ({"ranking": pb.RankingOptions(candidates=1_001)}, "ranking.candidates", "OUT_OF_RANGE"),
        ({"shopper": pb.Shopper(user="u" * 129)}, "shopper.user", "TOO_LONG"),
        ({"shopper": pb.Shopper(session="s" * 129)}, "shopper.session", "TOO_LONG"),
    ],
)
def test_what_a_request_may_not_say(fields: dict[str, object], field: str, reason: str) -> None:
    assert _violations(**fields) == [(field, reason)]


def test_a_filter_is_read_with_the_rest() -> None:
    found = _violations(filter="prize < 3", page_size=-1)
    assert [field for field, _ in found] == ["filter", "page_size"]


def test_every_violation_at_once() -> None:
    found = _violations(
        parent="luma",
        query=[
            TEXT,
            pb.QueryPart(text=" ", weight=0),
            pb.QueryPart(vector=pb.Vector(values=[1])),
        ],
        page_size=-5,
        view=44,
        ranking=pb.RankingOptions(variety=-1),
    )
    assert found == [
        ("parent", "CATALOG_NAME_INVALID"),
        ("query[1].weight", "WEIGHT_ZERO"),
        ("query[1].text", "TEXT_BLANK"),
        ("query[2].vector", "VECTOR_WRONG_SIZE"),
        ("page_size", "OUT_OF_RANGE"),
        ("view", "ENUM_UNKNOWN"),
        ("ranking.variety", "OUT_OF_RANGE"),
    ]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"query": [TEXT, pb.QueryPart(audio=b"x")]}, "query[1].audio"),
        ({"query": [pb.QueryPart(video=b"x")]}, "query[0].video"),
        ({"experiment_unit": "u"}, "experiment_unit"),
        (
            {"query": [pb.QueryPart(audio=b"")], "experiment_unit": "u"},
            "query[0].audio, experiment_unit",
        ),
    ],
)
def test_what_is_not_built_is_named(fields: dict[str, object], named: str) -> None:
    with pytest.raises(NotBuilt) as caught:
        _check(**fields)
    assert caught.value.field == named
    assert caught.value.facts == {"field": named}
    assert named in caught.value.message


def test_a_page_token_brings_its_frozen_order(make_result: Callable[..., SearchResult]) -> None:
    request = pb.SearchProductsRequest(parent=PARENT, query=[TEXT])
    frozen = TOKENS.freeze(make_result())
    token = TOKENS.write_search(request, frozen, offset=2)
    asked = _check(page_token=token)
    assert asked.frozen is not None
    assert asked.frozen.offset == 2
    assert asked.frozen.result.search_id == "s1"
