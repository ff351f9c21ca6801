"""What the shop stocks: complete, plausible, the same for the same seed."""

from __future__ import annotations

from collections import Counter

import pytest

from server.sample_shop.assortment import KINDS, Article, stock_shop
from server.sample_shop.palette import COLORS
from server.sample_shop.wording import (
    category_path,
    chinese_description,
    chinese_title,
    english_description,
    english_title,
)


@pytest.fixture(scope="module")
def shop() -> list[Article]:
    return stock_shop(seed=1, products=600)


def test_the_seed_decides(shop: list[Article]) -> None:
    assert stock_shop(seed=1, products=600) == shop
    assert stock_shop(seed=2, products=600) != shop


def test_a_larger_shop_starts_with_the_smaller(shop: list[Article]) -> None:
    assert stock_shop(seed=1, products=50) == shop[:50]


def test_every_kind_is_sold_and_no_id_twice(shop: list[Article]) -> None:
    assert len(shop) == 600
    assert {article.design.kind.key for article in shop} == {kind.key for kind in KINDS}
    assert len({article.id for article in shop}) == 600
    roots = {category_path(article.design).split("/")[0] for article in shop}
    assert roots >= {"Women", "Men", "Kids", "Home", "Kitchen", "Sports", "Grocery"}


def test_colors_of_a_design_are_one_group(shop: list[Article]) -> None:
    groups = Counter(article.design.group_id for article in shop)
    assert 1 < len(shop) / len(groups) < 4
    assert max(groups.values()) == 4
    for article in shop:
        assert article.color.english in article.design.kind.colors


def test_prices_and_sales_are_plausible(shop: list[Article]) -> None:
    for article in shop:
        design = article.design
        assert design.kind.price / 5 < design.price < design.kind.price * 5
        assert design.list_price is None or design.list_price > design.price
        assert article.units_1_day <= article.units_7_days <= article.units_30_days * 1.4
        assert article.rating is None or 1 <= article.rating <= 5
        assert (article.rating is None) == (article.rating_count == 0)
    sold = sorted((article.units_30_days for article in shop), reverse=True)
    assert sum(sold[:60]) > 0.5 * sum(sold)
    assert 0.02 < sum(article.stock == 0 for article in shop) / 600 < 0.15


def test_kinds_name_colors_and_words_that_exist() -> None:
    for kind in KINDS:
        assert set(kind.colors) <= set(COLORS)
        assert kind.english
        assert kind.chinese
        for english, chinese in (*kind.materials, *kind.styles, kind.use):
            assert english.isascii(), english
            assert any("\u4e00" <= character <= "\u9fff" for character in chinese), chinese


def test_an_article_in_words(shop: list[Article]) -> None:
    article = next(each for each in shop if each.design.audience and each.color.english == "blue")
    design = article.design
    assert english_title(design).startswith(design.brand)
    assert design.kind.english[0].split()[-1].lower() in english_title(design).lower()
    assert "蓝色" in chinese_title(article)
    assert design.kind.chinese[0] in chinese_title(article)
    assert "in blue" in english_description(article)
    assert design.kind.use[1] in chinese_description(article)
    assert category_path(design) == f"{design.audience}/{design.kind.path}"
