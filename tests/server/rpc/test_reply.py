import time
from collections.abc import Callable, Mapping, Sequence

import pytest
from omnishelf.v1 import product_pb2
from omnishelf.v1 import search_service_pb2 as pb

from server.catalog.detail import Detail, cut
from server.hits import FiredRule, RankedHit
from server.query import FacetCounts, SearchResult
from server.rpc.call import Call
from server.rpc.page_tokens import PageTokens
from server.rpc.reply import SearchReplies
from server.rpc.signing import TokenSigner
from server.rpc.validate_search import check_search
from server.stages import FallbackUsed

TOKENS = PageTokens(TokenSigner(b"k" * 32))


class Observer:
    def __init__(self) -> None:
        self.stages: list[str] = []

    def stage(self, name: str, seconds: float) -> None:
        self.stages.append(name)

    def fallback(self, used: FallbackUsed) -> None:
        raise AssertionError(used)


class Shelf:
    """Products p0, p1, ..., but for those taken away."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.reads = 0

    def __call__(self, catalog: str, ids: Sequence[str], detail: Detail) -> Mapping[str, bytes]:
        self.reads += 1
        return {each: cut(_product(catalog, each).SerializeToString(), detail) for each in ids
                if each not in self.gone}  # fmt: skip


def _product(catalog: str, product_id: str) -> product_pb2.Product:
    return product_pb2.Product(
        name=f"catalogs/{catalog}/products/{product_id}",
        title=f"Title {product_id}",
        description="long",
        color="blue",
        attributes={"material": product_pb2.AttributeValues(values=["cotton"])},
        translations={"zh": product_pb2.LocalizedText(title="标题", description="长")},
    )


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def observer() -> Observer:
    return Observer()


@pytest.fixture
def ask(shelf: Shelf, observer: Observer) -> Callable[..., pb.SearchProductsResponse]:
    replies = SearchReplies(read_payloads=shelf, tokens=TOKENS, observer=observer)

    def reply(
        request: pb.SearchProductsRequest,
        fresh: SearchResult | None = None,
        call: Call | None = None,
    ) -> pb.SearchProductsResponse:
        asked = check_search(request, dimension=3, tokens=TOKENS)
        call = call or Call(arrived=time.perf_counter())
        return replies.reply(request, asked, fresh, call=call)

    return reply


Ask = Callable[..., pb.SearchProductsResponse]
Make = Callable[..., SearchResult]


def _request(**fields: object) -> pb.SearchProductsRequest:
    whole = {"parent": "catalogs/luma", "query": [pb.QueryPart(text="a")], **fields}
    return pb.SearchProductsRequest(**whole)  # type: ignore[arg-type] # fields by keyword


def _ids(response: pb.SearchProductsResponse) -> list[str]:
    return [hit.product.name.rpartition("/")[2] for hit in response.hits]


def test_a_response_says_who_answered_and_how(
    ask: Ask, make_result: Make, observer: Observer
) -> None:
    result = make_result(
        1,
        facets=(FacetCounts(field="color", counts=(("blue", 3), ("red", 1))),),
        fallbacks=(FallbackUsed(stage="rank", used="retrieval_order", reason="DEADLINE"),),
    )
    response = ask(_request(), result)
    assert (response.search_id, response.total_size) == ("s1", 1)
    assert response.served_by == pb.ServedBy(
        encoder_bundle="starter_1", index="omnishelf_luma_starter_1_1", ranker="default_1"
    )
    assert response.facets[0] == pb.Facet(
        field="color",
        counts=[pb.FacetCount(value="blue", count=3), pb.FacetCount(value="red", count=1)],
    )
    assert response.fallbacks[0] == pb.Fallback(
        stage="rank", used="retrieval_order", reason="DEADLINE"
    )
    stages = ["queue", "encode", "retrieve", "serialise", "other"]
    assert [each.stage for each in response.stages] == stages
    assert response.stages[1].duration.nanos == 2_000_000
    assert (response.stages[2].duration.seconds, response.stages[2].duration.nanos) == (
        1,
        5 * 10**8,
    )
    assert observer.stages == ["queue", "serialise", "other"]


def test_a_hit_carries_what_is_known_of_it(ask: Ask, make_result: Make) -> None:
    found = RankedHit(
        product_id="p9", score=0.5, text_similarity=float("nan"), image_similarity=0.25,
        lexical_score=float("nan"), contributions={"bias": 0.125, "price": -1.0},
        rules=(FiredRule(name="catalogs/luma/rules/r", action="pin"),),
    )  # fmt: skip
    (hit,) = ask(_request(explain=True), make_result(hits=(found,))).hits
    assert (hit.position, hit.score) == (1, 0.5)
    assert hit.similarities.image == 0.25
    assert not hit.similarities.HasField("text")
    assert not hit.similarities.HasField("lexical")
    assert list(hit.contributions) == [
        pb.Contribution(family="bias", value=0.125),
        pb.Contribution(family="price", value=-1.0),
    ]
    assert list(hit.rules) == [pb.FiredRule(name="catalogs/luma/rules/r", action="pin")]


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        (pb.PRODUCT_DETAIL_NAME, product_pb2.Product(name="catalogs/luma/products/p0")),
        (
            pb.PRODUCT_DETAIL_UNSPECIFIED,
            product_pb2.Product(
                name="catalogs/luma/products/p0",
                title="Title p0",
                color="blue",
                translations={"zh": product_pb2.LocalizedText(title="标题")},
            ),
        ),
        (pb.PRODUCT_DETAIL_FULL, _product("luma", "p0")),
    ],
)
def test_products_are_as_detailed_as_asked(
    ask: Ask, make_result: Make, detail: pb.ProductDetail, expected: product_pb2.Product
) -> None:
    assert ask(_request(product_detail=detail), make_result(1)).hits[0].product == expected


def test_pages_are_cut_from_one_order(ask: Ask, make_result: Make) -> None:
    request = _request(page_size=2)
    pages = [ask(request, make_result(5))]
    while token := pages[-1].next_page_token:
        pages.append(ask(_request(page_size=2, page_token=token)))
    assert [_ids(page) for page in pages] == [["p0", "p1"], ["p2", "p3"], ["p4"]]
    assert [hit.position for page in pages for hit in page.hits] == [1, 2, 3, 4, 5]
    assert {(page.search_id, page.total_size, page.served_by.ranker) for page in pages} == {
        ("s1", 5, "default_1")
    }


def test_the_last_page_has_no_token(ask: Ask, make_result: Make) -> None:
    assert not ask(_request(page_size=3), make_result(3)).next_page_token


def test_products_deleted_meanwhile_are_passed_over(
    ask: Ask, make_result: Make, shelf: Shelf
) -> None:
    token = ask(_request(page_size=2), make_result(7)).next_page_token
    shelf.gone = {"p2", "p3", "p5"}
    page = ask(_request(page_size=2, page_token=token))
    assert _ids(page) == ["p4", "p6"]
    assert [hit.position for hit in page.hits] == [5, 7]
    assert not page.next_page_token


def test_a_page_of_products_that_are_all_gone(ask: Ask, make_result: Make, shelf: Shelf) -> None:
    token = ask(_request(page_size=2), make_result(4)).next_page_token
    shelf.gone = {"p2", "p3"}
    page = ask(_request(page_size=2, page_token=token))
    assert (_ids(page), page.next_page_token) == ([], "")


def test_one_read_serves_a_page(ask: Ask, make_result: Make, shelf: Shelf) -> None:
    ask(_request(page_size=20), make_result(200))
    assert shelf.reads == 1


def test_nothing_found(ask: Ask, make_result: Make) -> None:
    response = ask(_request(), make_result(0))
    assert (len(response.hits), response.total_size, response.next_page_token) == (0, 0, "")


def test_stages_make_up_the_time_that_was_worked(ask: Ask, make_result: Make) -> None:
    call = Call(arrived=time.perf_counter() - 7.0)
    call.began -= 3.0
    token = ask(_request(page_size=1), make_result(2), call).next_page_token
    page = ask(_request(page_size=1, page_token=token), None, call)
    seconds = {each.stage: each.duration.ToTimedelta().total_seconds() for each in page.stages}
    assert list(seconds) == ["queue", "serialise", "other"]
    assert 3.9 < seconds["queue"] < 60.0
    assert 2.9 < seconds["serialise"] + seconds["other"] <= call.worked_seconds()
