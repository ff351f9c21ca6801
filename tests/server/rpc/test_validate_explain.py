"""What may be asked of an explanation: the search, the products, and the trials."""

import pytest
from omnishelf.v1 import search_service_pb2 as pb

from server.errors import InvalidRequest, NotBuilt
from server.explanation import AskedExplanation
from server.query import Query, SignalChange, TextPart
from server.rpc.page_tokens import PageTokens
from server.rpc.signing import TokenSigner
from server.rpc.validate_explain import CheckedExplanation, check_explanation

TOKENS = PageTokens(TokenSigner(b"k" * 32))
PARENT = "catalogs/luma"
SEARCH = pb.SearchProductsRequest(parent=PARENT, query=[pb.QueryPart(text="blue pants")])


def _check(**fields: object) -> CheckedExplanation:
    whole = {"search": SEARCH, "product": f"{PARENT}/products/p1", **fields}
    request = pb.ExplainRankingRequest(**whole)  # type: ignore[arg-type] # fields by keyword
    return check_explanation(request, dimension=3, tokens=TOKENS)


def _violations(**fields: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        _check(**fields)
    return [(each.field, each.reason) for each in caught.value.violations]


def test_a_plain_request() -> None:
    checked = _check()
    assert checked.query == Query(catalog="luma", parts=(TextPart(text="blue pants"),))
    assert checked.asked == AskedExplanation(product_id="p1")


def test_everything_that_can_be_asked() -> None:
    checked = _check(
        other=f"{PARENT}/products/p2",
        trials=[
            pb.SignalChange(price_factor=0.5),
            pb.SignalChange(product=f"{PARENT}/products/p3", stock=0),
        ],
    )
    assert checked.asked == AskedExplanation(
        product_id="p1",
        other_id="p2",
        trials=(
            SignalChange(product_id="p1", price_factor=0.5),
            SignalChange(product_id="p3", stock=0),
        ),
    )


def test_page_fields_are_not_read() -> None:
    search = pb.SearchProductsRequest()
    search.CopyFrom(SEARCH)
    search.page_token, search.page_size = "never written", -4
    assert _check(search=search).query == _check().query


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"product": ""}, [("product", "PRODUCT_NAME_INVALID")]),
        ({"product": "catalogs/x/products/p"}, [("product", "PRODUCT_OTHER_CATALOG")]),
        ({"other": "p2"}, [("other", "PRODUCT_NAME_INVALID")]),
        ({"other": f"{PARENT}/products/p1"}, [("other", "SAME_PRODUCT")]),
        ({"trials": [pb.SignalChange()]}, [("trials[0]", "CHANGE_EMPTY")]),
        ({"trials": [pb.SignalChange(stock=1)] * 17}, [("trials", "TOO_MANY_CHANGES")]),
        (
            {"search": pb.SearchProductsRequest(parent="luma")},
            [("search.parent", "CATALOG_NAME_INVALID"), ("search.query", "QUERY_EMPTY")],
        ),
        (
            {"search": pb.SearchProductsRequest(), "product": "", "other": "x"},
            [
                ("search.parent", "CATALOG_NAME_INVALID"),
                ("search.query", "QUERY_EMPTY"),
                ("product", "PRODUCT_NAME_INVALID"),
                ("other", "PRODUCT_NAME_INVALID"),
            ],
        ),
    ],
)
def test_what_may_not_be_asked(fields: dict[str, object], found: list[tuple[str, str]]) -> None:
    assert _violations(**fields) == found


def test_what_is_not_built_is_named_within_the_search() -> None:
    search = pb.SearchProductsRequest(parent=PARENT, query=[pb.QueryPart(audio=b"x")])
    with pytest.raises(NotBuilt) as caught:
        _check(search=search)
    assert caught.value.field == "search.query[0].audio"
