from __future__ import annotations

import math

import pytest

from server.retrieval.filters.evaluate import evaluate
from server.retrieval.filters.parser import parse_filter
from server.retrieval.filters.tree import Comparison, Operator
from server.retrieval.protocol import UNKNOWN_STOCK, FilterColumns

IDS = ("P1", "P2", "P3")
COLUMNS = FilterColumns(
    group_id=("g", "g", "p3"),
    categories=(("women", "women/tops"), ("men",), ()),
    leaf_paths=(("women/tops",), ("men",), ()),
    brand=("acme", "", "acme"),
    color=("red", "blue", ""),
    price=(10.0, math.nan, 30.0),
    stock=(0, 5, UNKNOWN_STOCK),
    rating=(4.5, 3.0, math.nan),
    attributes=({"material": ("nylon", "wool")}, {"material": ("wool",), "care label": ("x",)}, {}),
)


@pytest.mark.parametrize(
    ("text", "passing"),
    [
        ("id = P1", "1"),
        ("id = p1", ""),
        ("id != P1", "23"),
        ("group_id = G", "12"),
        ("-group_id:g", "3"),
        ("category:Women", "1"),
        ("category = Women", ""),
        ('category = "women/tops"', "1"),
        ("NOT category:Women", "23"),
        ('category != "women/tops"', "23"),
        ("brand = acme", "13"),
        ("brand != acme", "2"),
        ("color:red OR color:blue", "12"),
        ("price < 20", "1"),
        ("NOT price < 20", "3"),
        ("price = 10", "1"),
        ("price != 10", "3"),
        ("price <= 30", "13"),
        ("stock > 0", "23"),
        ("stock = 0", "1"),
        ("stock != 5", "13"),
        ("rating >= 3", "12"),
        ("rating != 3", "1"),
        ("attributes.material:wool", "12"),
        ("attributes.material = nylon", "1"),
        ("attributes.material != nylon", "23"),
        ('attributes."care label":x', "2"),
        ("attributes.size:x", ""),
        ("-attributes.size:x", "123"),
        ("brand:acme AND price > 20", "3"),
        ("NOT (brand:acme AND price > 20)", "12"),
    ],
)
def test_evaluate(text: str, passing: str) -> None:
    tree = parse_filter(text)
    assert tree is not None
    holds = evaluate(tree, ids=IDS, columns=COLUMNS)
    assert holds.tolist() == [number in passing for number in "123"]


def test_no_products_give_no_answers() -> None:
    tree = parse_filter("price > 1")
    assert tree is not None
    assert evaluate(tree, ids=(), columns=COLUMNS).shape == (0,)


@pytest.mark.parametrize("value", ["x", 1.0])
def test_a_tree_with_an_unknown_field_is_a_mistake_of_ours(value: str | float) -> None:
    tree = Comparison(field="size", operator=Operator.EQUAL, value=value)
    with pytest.raises(ValueError, match=r"no (text|number) field size"):
        evaluate(tree, ids=IDS, columns=COLUMNS)
