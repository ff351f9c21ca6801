from dataclasses import replace
from pathlib import Path

import pytest
from omnishelf.v1 import search_service_pb2 as pb

from server.commands.search_request import ModeName, SearchOptions, ViewName, build_request
from server.errors import InvalidRequest, NotFound

PLAIN = SearchOptions(
    text="blue pants",
    images=(),
    products=(),
    weights=(),
    filter_text="",
    catalog="luma",
    page_size=10,
    view=ViewName.ALL,
    variety=None,
    explain=False,
)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "shoe.jpg"
    path.write_bytes(b"picture")
    return path


def test_words_alone() -> None:
    assert build_request(PLAIN) == pb.SearchProductsRequest(
        parent="catalogs/luma",
        query=[pb.QueryPart(text="blue pants")],
        page_size=10,
        view=pb.VIEW_ALL,
        ranking=pb.RankingOptions(),
    )


def test_every_option(picture: Path) -> None:
    options = replace(
        PLAIN,
        images=(picture,),
        products=("p1", "catalogs/luma/products/p2"),
        weights=(1.0, 2.0, -0.5, 0.25),
        filter_text="price < 9",
        view=ViewName.IMAGE,
        variety=0.5,
        explain=True,
        mode=ModeName.RULES,
        user="u",
        session="s",
    )
    assert build_request(options) == pb.SearchProductsRequest(
        parent="catalogs/luma",
        query=[
            pb.QueryPart(text="blue pants", weight=1.0),
            pb.QueryPart(image=b"picture", weight=2.0),
            pb.QueryPart(product="catalogs/luma/products/p1", weight=-0.5),
            pb.QueryPart(product="catalogs/luma/products/p2", weight=0.25),
        ],
        filter="price < 9",
        page_size=10,
        view=pb.VIEW_IMAGE,
        ranking=pb.RankingOptions(variety=0.5, mode=pb.RankingOptions.MODE_RULES),
        shopper=pb.Shopper(user="u", session="s"),
        explain=True,
    )


def test_a_variety_of_nothing_is_sent() -> None:
    assert build_request(replace(PLAIN, variety=0.0)).ranking.HasField("variety")


def test_nothing_to_search_for() -> None:
    with pytest.raises(InvalidRequest) as caught:
        build_request(replace(PLAIN, text=None))
    assert caught.value.violations[0].reason == "QUERY_EMPTY"


def test_a_weight_for_each_part_or_for_none() -> None:
    with pytest.raises(InvalidRequest) as caught:
        build_request(replace(PLAIN, weights=(1.0, 2.0)))
    (violation,) = caught.value.violations
    assert (violation.field, violation.reason) == ("--weight", "WEIGHT_COUNT")


def test_a_picture_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="--image"):
        build_request(replace(PLAIN, images=(tmp_path / "absent.jpg",)))
