"""Filters over what memory has, against the oracle of every engine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.catalog.record import ProductRecord
from server.ingest.filter_columns import filter_columns
from server.retrieval.filters.evaluate import evaluate
from server.retrieval.filters.fields import fold_path
from server.retrieval.filters.parser import parse_filter
from server.retrieval.filters.tree import And, Comparison, Filter, Operator, Or
from server.rules.selecting import asks_below, holding, needs_index, selected
from tests.server.rules.rule_parts import ListedValues, of, product

SHOP = (
    product("P1", brand="Acme", color="Red", price=10.0, stock=0, rating=4.5, group_id="G"),
    product("P2", color="blue", stock=5, rating=3.0, group_id="g", category_paths=("Men",)),
    product("P3", brand="ACME ", price=30.0, category_paths=("Women / Tops", "Sale")),
)


def parsed(text: str) -> Filter:
    tree = parse_filter(text)
    assert tree is not None
    return tree


def passing(text: str) -> str:
    rows = np.arange(3, dtype=np.int32)
    holds = holding(parsed(text), rows, values=ListedValues(SHOP))
    return "".join(str(row + 1) for row in np.flatnonzero(holds))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id = P1", "1"),
        ("id = p1", ""),
        ("id != P1", "23"),
        ("group_id = G", "12"),
        ("brand = acme", "13"),
        ("brand != acme", "2"),
        ("color:red OR color:blue", "12"),
        ("category:Women", "3"),
        ("category = Women", ""),
        ('category = "women/tops"', "3"),
        ("NOT category:Women", "12"),
        ("price < 20", "1"),
        ("NOT price < 20", "3"),
        ("price != 10", "3"),
        ("price <= 30", "13"),
        ("rating >= 3", "12"),
        # A product whose stock is not counted is taken to have enough, as in the index.
        ("stock > 0", "23"),
        ("stock = 0", "1"),
        ("brand:acme AND price > 20", "3"),
        ("NOT (brand:acme AND price > 20)", "12"),
    ],
)
def test_filters_worked_by_hand(text: str, expected: str) -> None:
    assert passing(text) == expected


def test_a_price_compares_as_it_is_written() -> None:
    # 19.99 is no float32: comparing the stored one with the float64 would miss it.
    shop = ListedValues([product("P", price=19.99)])
    rows = np.zeros(1, dtype=np.int32)
    for text in ("price = 19.99", "price <= 19.99", "price >= 19.99"):
        assert holding(parsed(text), rows, values=shop).tolist() == [True]
    assert not holding(parsed("price < 19.99"), rows, values=shop).any()


def test_attributes_are_the_indexs_to_answer() -> None:
    tree = parsed("price < 20 AND (attributes.size = m OR brand = acme)")
    assert needs_index(tree)
    assert not needs_index(parsed("price < 20 OR brand = acme"))
    with pytest.raises(ValueError, match="attributes"):
        holding(tree, np.zeros(1, dtype=np.int32), values=ListedValues(SHOP))


def test_a_selection_is_of_names_and_of_a_filter() -> None:
    rows = np.array([2, 0, 1], dtype=np.int32)
    for selection, expected in (
        (of("P1", "absent"), [False, True, False]),
        (of("P1", where="category:women"), [True, True, False]),
        (of(), [False, False, False]),
    ):
        assert selected(selection, rows, values=ListedValues(SHOP)).tolist() == expected


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("", False),
        ('category:"Women/Tops"', True),
        ('category = "women/tops"', True),
        ("category:women", True),
        ("category:womenswear", False),
        ("category:men", False),
        ("NOT category:women", False),
        ("category:women AND price < 20", True),
        ("category:women AND category:men", True),
        ("category:women OR price < 20", False),
        ('category:"women/tops" OR category:"women/dresses"', True),
        ("(category:women OR category:men) AND price < 20", False),
        ("id = women", False),
    ],
)
def test_what_a_filter_asks_for(text: str, *, asks: bool) -> None:
    assert asks_below(parse_filter(text), (fold_path("Women"),)) is asks


@pytest.mark.parametrize(("asked", "asks"), [("a/b", True), ("a/b/c", True), ("a", False)])
def test_a_deeper_path_is_not_asked_by_one_above(asked: str, *, asks: bool) -> None:
    assert asks_below(parse_filter(f'category:"{asked}"'), ("a/b",)) is asks


TEXTS = st.sampled_from(["", "Red", "RED ", "blue", "Ａcme", "acme", "straße"])
PATHS = st.sampled_from(["Women", "Women/Tops", " women /tops/Tees", "Men//Tops", "a／b", ""])
NUMBERS = st.sampled_from([None, 0.0, 1.0, 19.99, 20.0])


@st.composite
def records(draw: st.DrawFn) -> list[ProductRecord]:
    return [
        product(
            f"P{place}",
            group_id=draw(TEXTS) or "g",
            brand=draw(TEXTS),
            color=draw(TEXTS),
            price=draw(NUMBERS),
            rating=draw(NUMBERS),
            stock=draw(st.sampled_from([None, 0, 1, 20])),
            category_paths=tuple(draw(st.lists(PATHS, max_size=3))),
        )
        for place in range(draw(st.integers(0, 6)))
    ]


MATCHING = st.sampled_from([Operator.EQUAL, Operator.NOT_EQUAL, Operator.HAS, Operator.HAS_NOT])
LEAVES = st.one_of(
    st.builds(
        Comparison,
        field=st.sampled_from(["brand", "color", "group_id"]),
        operator=MATCHING,
        value=st.sampled_from(["red", "blue", "acme", "strasse", ""]),
    ),
    st.builds(
        Comparison,
        field=st.just("category"),
        operator=MATCHING,
        value=st.sampled_from(["women", "women/tops", "women/tops/tees", "men/tops", "a/b", "a"]),
    ),
    st.builds(
        Comparison, field=st.just("id"), operator=MATCHING, value=st.sampled_from(["P1", "p1"])
    ),
    st.builds(
        Comparison,
        field=st.sampled_from(["price", "stock", "rating"]),
        operator=st.sampled_from(list(Operator)[:6]),
        value=st.sampled_from([0.0, 1.0, 19.99, 20.0]),
    ),
)
TREES = st.recursive(
    LEAVES,
    lambda terms: st.builds(
        lambda node, some: node(terms=tuple(some)),
        st.sampled_from([And, Or]),
        st.lists(terms, min_size=2, max_size=3),
    ),
    max_leaves=6,
)


@given(shop=records(), tree=TREES)
@settings(deadline=None)
def test_memory_agrees_with_the_oracle(shop: list[ProductRecord], tree: Filter) -> None:
    rows = np.arange(len(shop), dtype=np.int32)
    expected = evaluate(tree, ids=[each.id for each in shop], columns=filter_columns(shop))
    assert holding(tree, rows, values=ListedValues(shop)).tolist() == expected.tolist()
