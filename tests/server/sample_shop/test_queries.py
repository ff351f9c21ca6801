"""Queries over the sample shop: grades worked by hand, and answers that exist."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from server.sample_shop.assortment import KINDS, Article, Design, stock_shop
from server.sample_shop.kind import Audience
from server.sample_shop.palette import COLORS
from server.sample_shop.picture import Pattern
from server.sample_shop.queries import Wish, ask_shop

SHIRT = next(kind for kind in KINDS if kind.key == "t-shirt")
MUG = next(kind for kind in KINDS if kind.key == "mug")
RED_STRIPED_WOMENS = Article(
    design=Design(
        group_id="t-shirt-001",
        kind=SHIRT,
        audience=Audience.WOMEN,
        brand="B",
        style=SHIRT.styles[0],
        material=SHIRT.materials[0],
        pattern=Pattern.STRIPED,
        price=10.0,
        list_price=None,
        age_days=1,
    ),
    color=COLORS["red"],
    stock=1,
    rating=None,
    rating_count=0,
    units_1_day=0,
    units_7_days=0,
    units_30_days=0,
)


@pytest.mark.parametrize(
    ("wish", "grade"),
    [
        (Wish(kind=SHIRT), 2),
        (Wish(kind=SHIRT, color="red", audience=Audience.WOMEN, pattern=Pattern.STRIPED), 2),
        (Wish(kind=SHIRT, color="blue"), 1),
        (Wish(kind=SHIRT, pattern=Pattern.DOTTED), 1),
        (Wish(kind=SHIRT, color="red", audience=Audience.MEN), 0),
        (Wish(kind=MUG, color="red"), 0),
    ],
)
def test_grades(wish: Wish, grade: int) -> None:
    assert wish.grade(RED_STRIPED_WOMENS) == grade


def test_a_shop_is_asked_in_every_way() -> None:
    shop = stock_shop(seed=1, products=300)
    queries = ask_shop(shop, seed=1)
    ways = Counter((query.language, query.picture is not None) for query in queries)
    assert ways == {("en", False): 60, ("zh", False): 60, (None, True): 30, ("en", True): 5,
                    ("zh", True): 5}  # fmt: skip
    ids = {article.id for article in shop}
    for query in queries:
        assert 2 in query.relevance.values()
        assert set(query.relevance) <= ids
        assert (query.text is None) == (query.language is None)
    assert len({query.id for query in queries}) == len(queries)
    chinese = [query.text for query in queries if query.language == "zh" and query.text]
    assert all(any("\u4e00" <= c <= "\u9fff" for c in text) for text in chinese)


def test_a_query_picture_is_not_the_product_picture() -> None:
    shop = stock_shop(seed=1, products=40)
    asked = [query.picture for query in ask_shop(shop, seed=1) if query.picture]
    assert len(set(asked)) == len(asked)


def test_an_empty_shop_is_not_asked() -> None:
    assert ask_shop([], seed=1) == []


def test_grades_of_plain_wishes_ignore_patterns() -> None:
    plain = replace(
        RED_STRIPED_WOMENS, design=replace(RED_STRIPED_WOMENS.design, pattern=Pattern.PLAIN)
    )
    assert Wish(kind=SHIRT, color="red").grade(plain) == 2
