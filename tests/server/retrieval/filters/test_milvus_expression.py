from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.retrieval.filters.milvus_expression import (
    TagStorage,
    milvus_expression,
    one_of_ids,
    product_ids,
    quoted,
    stored_id,
)
from server.retrieval.filters.parser import parse_filter
from server.retrieval.filters.tags import comparison_tag
from server.retrieval.filters.tree import Comparison, Operator

W = comparison_tag(Comparison(field="category", operator=Operator.HAS, value="women"))
T = comparison_tag(Comparison(field="category", operator=Operator.HAS, value="tops"))
LEAF = comparison_tag(Comparison(field="category", operator=Operator.EQUAL, value="women"))
WOOL = comparison_tag(
    Comparison(field="attributes", operator=Operator.HAS, value="wool", attribute="material")
)


def expression(text: str, tags: TagStorage) -> str:
    tree = parse_filter(text)
    assert tree is not None
    return milvus_expression(tree, tags=tags)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("brand:acme", 'brand == "acme"'),
        ("brand != acme", 'brand != "acme"'),
        (r'brand = "a\"\\b"', r'brand == "a\"\\b"'),
        ("price < 20", "(price > -1e+300 and price < 20.0)"),
        ("price != 20", "(price > -1e+300 and price != 20.0)"),
        ("rating <= 4", "(rating > -1e+300 and rating <= 4.0)"),
        ("price > 20", "price > 20.0"),
        ("price = 20", "price == 20.0"),
        ("stock < 5", "stock < 5.0"),
        ("stock > -1e15", "stock > -1000000000000000.0"),
        ('id = "it\'s"', 'id == "it%27s"'),
        ("brand:a AND stock > 0", '(brand == "a" and stock > 0.0)'),
        ("brand:a OR brand:b OR brand:c", 'brand in ["a", "b", "c"]'),
        ("NOT (brand:a OR brand:b)", 'brand not in ["a", "b"]'),
        ("brand != a AND brand != b", 'brand not in ["a", "b"]'),
        # Together only where the meaning allows: a product has one brand.
        ("brand:a AND brand:b", '(brand == "a" and brand == "b")'),
        ("brand:a OR color:b", '(brand == "a" or color == "b")'),
        ("id:a OR id:b", 'id in ["a", "b"]'),
        (
            "stock=1 stock=2 stock=3 stock=4",
            "((stock == 1.0 and stock == 2.0) and (stock == 3.0 and stock == 4.0))",
        ),
    ],
)
@pytest.mark.parametrize("tags", TagStorage)
def test_expression(text: str, expected: str, tags: TagStorage) -> None:
    assert expression(text, tags) == expected


@pytest.mark.parametrize(
    ("text", "in_object", "in_array"),
    [
        ("category:women", f'tags["{W}"] == 1', f'array_contains_any(tags, ["{W}"])'),
        ("category = women", f'tags["{LEAF}"] == 1', f'array_contains_any(tags, ["{LEAF}"])'),
        (
            "attributes.material:wool",
            f'tags["{WOOL}"] == 1',
            f'array_contains_any(tags, ["{WOOL}"])',
        ),
        (
            "NOT category:women",
            f'tags["{W}"] not in [1]',
            f'(not array_contains_any(tags, ["{W}"]))',
        ),
        (
            "category:women OR category:tops",
            f'(tags["{W}"] == 1 or tags["{T}"] == 1)',
            f'array_contains_any(tags, ["{W}", "{T}"])',
        ),
        (
            "NOT (category:women OR category:tops)",
            f'(tags["{W}"] not in [1] and tags["{T}"] not in [1])',
            f'(not array_contains_any(tags, ["{W}", "{T}"]))',
        ),
        (
            "category:women category:tops",
            f'(tags["{W}"] == 1 and tags["{T}"] == 1)',
            f'(array_contains_any(tags, ["{W}"]) and array_contains_any(tags, ["{T}"]))',
        ),
    ],
)
def test_tags(text: str, in_object: str, in_array: str) -> None:
    assert expression(text, TagStorage.OBJECT) == in_object
    assert expression(text, TagStorage.ARRAY) == in_array


def test_many_alternatives_do_not_nest_deeply() -> None:
    text = " OR ".join(f"price>{number}" for number in range(256))
    written = expression(text, TagStorage.OBJECT)
    depth = deepest = 0
    for sign in written:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        deepest = max(deepest, depth)
    assert deepest == 8


LITERAL = re.compile(r'"((?:[^"\\\r\n]|\\["\\])*)"')


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_a_quoted_string_is_one_literal_that_reads_back(text: str) -> None:
    literal = LITERAL.fullmatch(quoted(text))
    assert literal is not None
    assert re.sub(r"\\(.)", r"\1", literal[1]) == text


@pytest.mark.parametrize("text", ["a\nb", "\x00", "\r", "\x85"])
def test_control_characters_are_never_written(text: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        quoted(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_stored_id_has_no_quotes_and_reads_back(text: str) -> None:
    stored = stored_id(text)
    assert not set(stored) & set("'\"\\")
    assert product_ids([stored, "plain"]) == (text, "plain")


def test_one_of_ids() -> None:
    assert one_of_ids(["a", "it's", '"']) == 'id in ["a", "it%27s", "%22"]'
