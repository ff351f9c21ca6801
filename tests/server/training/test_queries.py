"""Queries made from a shop of four products, judged by hand."""

from __future__ import annotations

import random

import pytest

from server.catalog.record import ProductRecord
from server.training.queries import JudgedQuery, QueryMaker
from server.training.wording import Thesaurus, say_chinese, say_english


def shirt(identifier: str, *, path: str, color: str, title: str = "Alpha Tee") -> ProductRecord:
    return ProductRecord(
        id=identifier, title=title, category_paths=(path,), color=color, group_id=identifier
    )


SHOP = [
    shirt("w-red", path="Women/Tees", color="red", title="Nova Red Tee"),
    shirt("w-blue", path="Women/Tees", color="blue", title="Nova Blue Tee"),
    shirt("m-red", path="Men/Tees", color="red", title="Orion Basic Tee"),
    shirt("lamp", path="Home/Lamps", color="red", title="Glow Lamp"),
]


@pytest.fixture(scope="module")
def made() -> dict[str, JudgedQuery]:
    return {query.text: query for query in QueryMaker(SHOP, seed=3).make(200)}


def test_the_same_seed_makes_the_same_queries(made: dict[str, JudgedQuery]) -> None:
    assert [q.text for q in QueryMaker(SHOP, seed=3).make(200)] == list(made)


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ("red women's tees", {"w-red": 2, "w-blue": 1}),
        ("men's tees", {"m-red": 2}),
        ("orion basic", {"m-red": 2}),
        ("lamps", {"lamp": 2}),
        ("红色的女士T恤", {"w-red": 2, "w-blue": 1}),
    ],
)
def test_grades_follow_from_the_shop(
    made: dict[str, JudgedQuery], text: str, grades: dict[str, int]
) -> None:
    assert dict(made[text].grades) == grades


def test_both_languages_are_made_and_every_query_can_be_answered(
    made: dict[str, JudgedQuery],
) -> None:
    assert {query.language for query in made.values()} == {"en", "zh"}
    assert all(2 in query.grades.values() for query in made.values())


@pytest.mark.parametrize("phrase", ["Tees", "tee", "t-shirt", "T-Shirts"])
def test_wording_finds_synonyms_whatever_the_number(phrase: str) -> None:
    wording = Thesaurus().wording(phrase)
    assert "t-shirt" in wording.english
    assert wording.chinese[0] == "T恤"


def test_a_listing_category_names_each_of_its_things() -> None:
    names = [wording.english[0] for wording in Thesaurus().category("Hoodies & Sweatshirts")]
    assert names == ["hoodies", "sweatshirts"]


def test_orders_keep_every_word() -> None:
    rng = random.Random(0)
    for _ in range(50):
        english = say_english(rng, thing="tee", color="red", department="women's", trait="cotton")
        assert {"tee", "red", "cotton"} <= set(english.split())
        assert "women" in english
        chinese = say_chinese(rng, thing="T恤", color="红色", department="女士", trait="纯棉")
        assert all(word in chinese for word in ("T恤", "红色", "女士", "纯棉"))
