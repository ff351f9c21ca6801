from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import InvalidRequest
from server.retrieval.filters.parser import MAX_CHARACTERS, MAX_COMPARISONS, MAX_DEPTH, parse_filter
from server.retrieval.filters.tree import And, Comparison, Filter, Operator, Or


def is_(field: str, operator: str, value: str | float, attribute: str = "") -> Comparison:
    return Comparison(field=field, operator=Operator(operator), value=value, attribute=attribute)


A, B, C = is_("brand", ":", "a"), is_("brand", ":", "b"), is_("brand", ":", "c")
NOT_A, NOT_B, NOT_C = (is_("brand", "!:", each) for each in "abc")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        (" \n ", None),
        ("brand:a", A),
        ("brand:a AND brand:b", And(terms=(A, B))),
        ("brand:a brand:b", And(terms=(A, B))),
        ("brand:a OR brand:b", Or(terms=(A, B))),
        # OR binds tighter than AND, and beside each other is AND.
        ("brand:a AND brand:b OR brand:c", And(terms=(A, Or(terms=(B, C))))),
        ("brand:a OR brand:b AND brand:c", And(terms=(Or(terms=(A, B)), C))),
        ("brand:a brand:b OR brand:c", And(terms=(A, Or(terms=(B, C))))),
        ("(brand:a AND brand:b) OR brand:c", Or(terms=(And(terms=(A, B)), C))),
        ("brand:a AND (brand:b AND brand:c)", And(terms=(A, B, C))),
        ("((brand:a))", A),
        # Negation goes down to the comparisons.
        ("NOT brand:a", NOT_A),
        ("-brand:a", NOT_A),
        ("NOT(brand:a)", NOT_A),
        ("NOT (brand:a AND brand:b)", Or(terms=(NOT_A, NOT_B))),
        ("NOT (brand:a OR brand:b)", And(terms=(NOT_A, NOT_B))),
        ("-(brand:a OR NOT brand:b) brand:c", And(terms=(NOT_A, B, C))),
        ("NOT (NOT (brand:a OR brand:b))", Or(terms=(A, B))),
        ("NOT (brand:a AND (brand:b OR brand:c))", Or(terms=(NOT_A, And(terms=(NOT_B, NOT_C))))),
        ("NOT brand = a", is_("brand", "!=", "a")),
        ("NOT brand != a", is_("brand", "=", "a")),
        ("NOT price < 1", is_("price", ">=", 1.0)),
        ("NOT price <= 1", is_("price", ">", 1.0)),
        ("NOT price > 1", is_("price", "<=", 1.0)),
        ("NOT price >= 1", is_("price", "<", 1.0)),
        # Values.
        ("price=20", is_("price", "=", 20.0)),
        ("price:20", is_("price", "=", 20.0)),
        ("price > -3.5", is_("price", ">", -3.5)),
        ("price > .5", is_("price", ">", 0.5)),
        ("price < 1e3", is_("price", "<", 1000.0)),
        ('price < "49.99"', is_("price", "<", 49.99)),
        ("stock > 0", is_("stock", ">", 0.0)),
        ("rating >= 4.5", is_("rating", ">=", 4.5)),
        ("id = WP01-Black", is_("id", "=", "WP01-Black")),
        ('group_id = "WP01"', is_("group_id", "=", "wp01")),
        ("colour:Red", is_("color", ":", "red")),
        ('brand = "The  NORTH Face"', is_("brand", "=", "the north face")),
        (r'brand = "a\"b\\"', is_("brand", "=", 'a"b\\')),
        ("brand = Inc.", is_("brand", "=", "inc.")),
        ("brand = AND", is_("brand", "=", "and")),
        ('brand = "a*b"', is_("brand", "=", "a*b")),
        ('category:"Women/ Tops "', is_("category", ":", "women/tops")),
        ("category:Women/Tops", is_("category", ":", "women/tops")),
        ("attributes.material:Nylon", is_("attributes", ":", "nylon", "material")),
        ('attributes."Care Label" = x', is_("attributes", "=", "x", "care label")),
        ('attributes."a.b" != x', is_("attributes", "!=", "x", "a.b")),
        ("attributes.OR = 1", is_("attributes", "=", "1", "or")),
    ],
)
def test_tree(text: str, tree: Filter | None) -> None:
    assert parse_filter(text) == tree


@pytest.mark.parametrize(
    ("text", "reason", "description"),
    [
        ("a", "FILTER_SYNTAX", "at character 1: a stands alone"),
        ("brand:a and brand:b", "FILTER_SYNTAX", "at character 9: write AND in capitals"),
        ("brand:a AND", "FILTER_SYNTAX", "at character 12: expected a comparison"),
        ("OR brand:a", "FILTER_SYNTAX", "at character 1: expected a comparison"),
        ("(brand:a", "FILTER_SYNTAX", "opened at character 1, found the end of the filter"),
        ("brand:a)", "FILTER_SYNTAX", "at character 8: expected AND, OR or another"),
        ("brand:", "FILTER_SYNTAX", "at character 7: expected a value"),
        ("brand:a,b", "FILTER_SYNTAX", "at character 8: expected AND, OR or another"),
        ("brand = (a OR b)", "FILTER_SYNTAX", "write color:red OR color:blue"),
        ("lower(brand) = a", "FILTER_SYNTAX", "lower(…) is a function"),
        ("NOT NOT brand:a", "FILTER_SYNTAX", "at character 5: expected a comparison"),
        ("attributes. = 1", "FILTER_SYNTAX", "a name after the dot"),
        ("brand = 'a", "FILTER_SYNTAX", "closing '"),
        ("prise < 3", "FILTER_UNKNOWN_FIELD", "did you mean price?"),
        ("xyzzy = 3", "FILTER_UNKNOWN_FIELD", "the fields are id, group_id, category"),
        ("price.usd < 3", "FILTER_UNKNOWN_FIELD", "price has no parts"),
        ("attributes = 3", "FILTER_UNKNOWN_FIELD", "attributes needs one name"),
        ("attributes.a.b = 3", "FILTER_UNKNOWN_FIELD", "in quotes if it has dots"),
        ('attributes." " = 3', "FILTER_UNKNOWN_FIELD", "attributes needs one name"),
        ("brand < a", "FILTER_OPERATOR", "use = != :"),
        ("attributes.size > 40", "FILTER_OPERATOR", "attributes.size has no order"),
        ("price < cheap", "FILTER_VALUE", "at character 9: price compares with a number"),
        ("price < $5", "FILTER_VALUE", "not '$5'"),
        ("price < nan", "FILTER_VALUE", "a number"),
        ("price < inf", "FILTER_VALUE", "a number"),
        ("price < 1_000", "FILTER_VALUE", "a number"),
        ("price < 1e99", "FILTER_VALUE", "numbers up to 1e+15"),
        ("price < " + "9" * 400, "FILTER_VALUE", "numbers up to 1e+15"),
        ("brand:*", "FILTER_VALUE", "wildcards are not supported"),
        ('brand = " "', "FILTER_VALUE", "the value is empty"),
        ('category = "//"', "FILTER_VALUE", "the value is empty"),
        (r'id = "a\nb"', "FILTER_VALUE", "no control characters"),
        (f'brand = "{"x" * 600}"', "FILTER_VALUE", "more than 512 characters"),
        (
            "(" * (MAX_DEPTH + 1) + "brand:a" + ")" * (MAX_DEPTH + 1),
            "FILTER_TOO_DEEP",
            f"more than {MAX_DEPTH} levels",
        ),
        (
            "price>1 " * (MAX_COMPARISONS + 1),
            "FILTER_TOO_LARGE",
            f"more than {MAX_COMPARISONS} comparisons",
        ),
        ("x" * (MAX_CHARACTERS + 1), "FILTER_TOO_LONG", "has 4,001 characters"),
    ],
)
def test_refused_with_reason_place_and_remedy(text: str, reason: str, description: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_filter(text)
    (violation,) = raised.value.violations
    assert (violation.field, violation.reason) == ("filter", reason)
    assert description in violation.description


def test_all_bad_comparisons_are_reported_at_once() -> None:
    with pytest.raises(InvalidRequest) as raised:
        parse_filter("prise < 3 AND (brand > a OR price = x) AND stock", field="facets[0].filter")
    found = [(each.field, each.reason) for each in raised.value.violations]
    assert found == [
        ("facets[0].filter", reason)
        for reason in ("FILTER_UNKNOWN_FIELD", "FILTER_OPERATOR", "FILTER_VALUE", "FILTER_SYNTAX")
    ]


def test_limits_themselves_are_allowed() -> None:
    deep = parse_filter("(" * (MAX_DEPTH - 1) + "brand:a" + ")" * (MAX_DEPTH - 1))
    many = parse_filter(" OR ".join(["price>1"] * MAX_COMPARISONS))
    assert deep == A
    assert isinstance(many, Or)
    assert len(many.terms) == MAX_COMPARISONS


FRAGMENTS = ["brand", "price", ":", "=", "<", "a", "3", "(", ")", "AND", "OR", "NOT", "-", ".", '"']


@given(st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS)).map(" ".join)))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        tree = parse_filter(text)
    except InvalidRequest:
        return
    assert (tree is None) == (text.strip() == "")
