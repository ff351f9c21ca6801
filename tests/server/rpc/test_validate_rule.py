"""What a rule may say."""

from __future__ import annotations

import pytest
from google.protobuf.text_format import Parse
from omnishelf.v1 import rule_service_pb2 as pb

from server.errors import InvalidRequest
from server.rpc.validate_rule import RuleName, check_rule, parse_rule_name, rule_name

NAME = "catalogs/luma/rules/r-1"
PRODUCT = "catalogs/luma/products/P1"
HIDE = "out_of_stock {policy: POLICY_HIDE}"


def written(text: str, *, name: str = NAME) -> pb.Rule:
    return Parse(text, pb.Rule(name=name))


@pytest.mark.parametrize(
    "text",
    [
        HIDE,
        f'pin {{products: "{PRODUCT}"}}',
        f"pin {{products: {[PRODUCT] * 50} position: 1000}}",
        f'boost {{selection {{products: "{PRODUCT}"}} strength: -1}}',
        f"boost {{selection {{products: {[PRODUCT] * 1000}}} strength: 0.001}}",
        'bury {selection {filter: "brand = acme"}}',
        'exclude {selection {filter: "stock = 0 OR rating < 2"}}',
        f'note: "{"n" * 500}" condition {{queries: {["q" * 2000] * 1000}}} {HIDE}',
        f'condition {{contains: ["鞋"] categories: ["Women/Tops"]}} {HIDE}',
        f"start_time {{seconds: 5}} end_time {{seconds: 5 nanos: 1}} {HIDE}",
        f"end_time {{}} {HIDE}",
    ],
)
def test_allowed(text: str) -> None:
    assert check_rule(written(text)) == RuleName(catalog="luma", rule_id="r-1")


@pytest.mark.parametrize(
    ("text", "violations"),
    [
        ("", {"rule": "RULE_ACTION_MISSING"}),
        ("out_of_stock {}", {"rule": "RULE_ACTION_MISSING"}),
        (f'note: "{"n" * 501}" {HIDE}', {"rule.note": "TOO_LONG"}),
        ("pin {}", {"rule.pin.products": "REQUIRED"}),
        (f"pin {{products: {[PRODUCT] * 51}}}", {"rule.pin.products": "TOO_MANY"}),
        (
            f'pin {{products: ["{PRODUCT}", "P2"] position: -1}}',
            {"rule.pin.products[1]": "PRODUCT_NAME_INVALID", "rule.pin.position": "OUT_OF_RANGE"},
        ),
        (
            'pin {products: "catalogs/other/products/P1" position: 1001}',
            {"rule.pin.products[0]": "PRODUCT_OTHER_CATALOG", "rule.pin.position": "OUT_OF_RANGE"},
        ),
        (
            "boost {}",
            {"rule.boost.strength": "OUT_OF_RANGE", "rule.boost.selection": "SELECTION_EMPTY"},
        ),
        (
            f'boost {{selection {{products: "{PRODUCT}"}} strength: nan}}',
            {"rule.boost.strength": "OUT_OF_RANGE"},
        ),
        (
            f'boost {{selection {{products: "{PRODUCT}"}} strength: 1.01}}',
            {"rule.boost.strength": "OUT_OF_RANGE"},
        ),
        ('bury {selection {filter: "  "}}', {"rule.bury.selection": "SELECTION_EMPTY"}),
        (
            f"exclude {{selection {{products: {[PRODUCT] * 1001}}}}}",
            {"rule.exclude.selection.products": "TOO_MANY"},
        ),
        (
            'exclude {selection {filter: "attributes.size = m"}}',
            {"rule.exclude.selection.filter": "RULE_FILTER_ATTRIBUTES"},
        ),
        (
            f'condition {{queries: ["ok", " "] contains: ["", "{"x" * 2001}"]}} {HIDE}',
            {
                "rule.condition.queries[1]": "BLANK",
                "rule.condition.contains[0]": "BLANK",
                "rule.condition.contains[1]": "TOO_LONG",
            },
        ),
        (f'condition {{categories: ["//"]}} {HIDE}', {"rule.condition.categories[0]": "BLANK"}),
        (
            f"condition {{queries: {['q'] * 1001}}} {HIDE}",
            {"rule.condition.queries": "TOO_MANY"},
        ),
        (
            f"start_time {{seconds: 5}} end_time {{seconds: 5}} {HIDE}",
            {"rule.end_time": "OUT_OF_RANGE"},
        ),
        (
            f"start_time {{seconds: 253402300800}} end_time {{nanos: -1}} {HIDE}",
            {"rule.start_time": "TIME_INVALID", "rule.end_time": "TIME_INVALID"},
        ),
    ],
)
def test_everything_wrong_is_said_at_once(text: str, violations: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_rule(written(text))
    assert {each.field: each.reason for each in caught.value.violations} == violations


@pytest.mark.parametrize(
    "name",
    [
        "",
        "r-1",
        "catalogs/luma/rules/",
        "catalogs/luma/rules/a/b",
        "catalogs/luma/products/r",
        "catalogs//rules/r",
        "catalogs/luma/rules/r\n",
        "catalogs/luma/rules/" + "r" * 129,
        "catalogs/1luma/rules/r",
    ],
)
def test_names_that_name_no_rule(name: str) -> None:
    with pytest.raises(InvalidRequest) as parsed:
        parse_rule_name(name, field="rule.name")
    with pytest.raises(InvalidRequest) as checked:
        check_rule(written(HIDE, name=name))
    for caught in (parsed, checked):
        (violation,) = caught.value.violations
        assert (violation.field, violation.reason) == ("rule.name", "RULE_NAME_INVALID")


def test_a_name_is_read_as_it_is_written() -> None:
    name = rule_name("my-shop", "." + "x" * 127)
    parsed = parse_rule_name(name, field="name")
    assert rule_name(parsed.catalog, parsed.rule_id) == name
