import io

import pytest
from google.protobuf import duration_pb2
from google.type import money_pb2
from omnishelf.v1 import product_pb2
from omnishelf.v1 import search_service_pb2 as pb
from rich.console import Console

from server.commands.search_table import leaf, print_results, rating, why

PRODUCT = product_pb2.Product(
    name="catalogs/luma/products/WP05-Blue",
    title="Sahara [bold]Leggings",
    color="blue",
    category_paths=["Collections/New", "Women/Bottoms/Pants", "Sale"],
    price=money_pb2.Money(currency_code="USD", units=1_075, nanos=500_000_000),
    rating=product_pb2.Rating(average=4.25, count=12),
    translations={"zh-CN": product_pb2.LocalizedText(title="撒哈拉紧身裤")},
)
HIT = pb.Hit(
    product=PRODUCT, position=3, score=0.8125, similarities=pb.Similarities(text=0.75, lexical=5)
)
RESPONSE = pb.SearchProductsResponse(
    hits=[HIT],
    total_size=200,
    facets=[pb.Facet(field="color", counts=[pb.FacetCount(value="blue", count=7)])],
    stages=[
        pb.StageTiming(stage="encode", duration=duration_pb2.Duration(nanos=2_500_000)),
        pb.StageTiming(stage="rank", duration=duration_pb2.Duration(nanos=1_000_000)),
    ],
    fallbacks=[pb.Fallback(stage="rank", used="retrieval_order", reason="DEADLINE")],
    served_by=pb.ServedBy(encoder_bundle="starter_1", index="i_1", ranker="retrieval"),
)


def _printed(response: pb.SearchProductsResponse, *, chinese: bool = False) -> str:
    file = io.StringIO()
    print_results(Console(file=file, width=120), response, chinese=chinese)
    return file.getvalue()


def test_the_table_shows_what_a_shopper_looks_for() -> None:
    text = _printed(RESPONSE)
    for part in (
        "3 ", "Sahara [bold]Leggings", "WP05-Blue", "blue", "Pants", "$1,075.50", "4.2 (12)",
        "0.812", "text 0.75", "words 5.00",
    ):  # fmt: skip
        assert part in text


def test_the_footer_says_who_answered_and_how_long_it_took() -> None:
    text = _printed(RESPONSE)
    assert "1 of 200 · bundle starter_1 · index i_1 · ranker retrieval" in text
    assert "3.5 ms: encode 2.5  rank 1.0" in text
    assert "rank fell back to retrieval_order: DEADLINE" in text
    assert "color: blue (7)" in text


def test_a_chinese_query_shows_chinese_titles() -> None:
    assert "撒哈拉紧身裤" in _printed(RESPONSE, chinese=True)
    assert "撒哈拉紧身裤" not in _printed(RESPONSE)


def test_a_narrow_terminal_keeps_every_number() -> None:
    file = io.StringIO()
    print_results(Console(file=file, width=80), RESPONSE, chinese=False)
    for part in ("$1,075.50", "4.2 (12)", "0.812", "text 0.75", "words 5.00"):
        assert part in file.getvalue()


def test_nothing_found_says_what_to_try() -> None:
    assert "Nothing found" in _printed(pb.SearchProductsResponse())


def test_why_prefers_what_the_ranker_says() -> None:
    hit = pb.Hit(
        similarities=pb.Similarities(text=0.5),
        contributions=[
            pb.Contribution(family="bias", value=9),
            pb.Contribution(family="price", value=-0.75),
            pb.Contribution(family="similarity", value=1.5),
            pb.Contribution(family="stock", value=0.25),
            pb.Contribution(family="variety", value=0.125),
        ],
    )
    assert why(hit) == ["similarity +1.50", "price -0.75", "stock +0.25"]


def test_why_begins_with_the_rules_that_fired() -> None:
    hit = pb.Hit(
        similarities=pb.Similarities(text=0.5),
        rules=[pb.FiredRule(name="catalogs/luma/rules/summer", action="pin")],
    )
    assert why(hit) == ["pin by summer", "text 0.50"]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [([], ""), (["Sale"], "Sale"), (["A/B", "C/D/E", "F/G/H"], "E")],
)
def test_the_leaf_is_the_end_of_the_deepest_path(paths: list[str], expected: str) -> None:
    assert leaf(product_pb2.Product(category_paths=paths)) == expected


def test_nobody_rated_it() -> None:
    assert rating(product_pb2.Product()) == ""
