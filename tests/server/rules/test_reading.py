"""Messages read into rules, action by action."""

from __future__ import annotations

import math

import pytest
from google.protobuf.text_format import Parse
from omnishelf.v1 import rule_service_pb2 as pb

from server.errors import InvalidRequest
from server.retrieval.filters.parser import parse_filter
from server.rules.reading import read_rule
from server.rules.rule import (
    Action,
    Boost,
    Bury,
    Condition,
    Exclude,
    OutOfStock,
    Pin,
    Rule,
    Selection,
    StockPolicy,
)

NAME = "catalogs/luma/rules/r"
P1, P2 = "catalogs/luma/products/P1", "catalogs/luma/products/P2"
CHEAP = parse_filter("price < 5")


def written(text: str) -> pb.Rule:
    return Parse(text, pb.Rule(name=NAME))


@pytest.mark.parametrize(
    ("text", "action"),
    [
        (f'pin {{products: ["{P2}", "{P1}"]}}', Pin(products=("P2", "P1"), position=1)),
        (f'pin {{products: "{P1}" position: 7}}', Pin(products=("P1",), position=7)),
        (
            'boost {selection {filter: "price < 5"} strength: -0.5}',
            Boost(selection=Selection(tree=CHEAP), strength=-0.5),
        ),
        (
            f'bury {{selection {{products: "{P1}" filter: "price < 5"}}}}',
            Bury(selection=Selection(ids=frozenset({"P1"}), tree=CHEAP)),
        ),
        (
            f'exclude {{selection {{products: "{P1}"}}}}',
            Exclude(selection=Selection(ids=frozenset({"P1"}))),
        ),
        ("out_of_stock {policy: POLICY_KEEP}", OutOfStock(policy=StockPolicy.KEEP)),
        ("out_of_stock {policy: POLICY_LAST}", OutOfStock(policy=StockPolicy.LAST)),
        ("out_of_stock {policy: POLICY_HIDE}", OutOfStock(policy=StockPolicy.HIDE)),
    ],
)
def test_actions(text: str, action: Action) -> None:
    assert read_rule(written(text)) == Rule(name=NAME, action=action)


def test_conditions_and_times() -> None:
    rule = read_rule(
        written(
            """
            condition {
              queries: "Red  Shoes" contains: ["运动 鞋", "SALE"] categories: "/Women /Tops"
            }
            out_of_stock {policy: POLICY_HIDE}
            start_time {seconds: 100 nanos: 500000000}
            disabled: true
            """
        )
    )
    assert rule.condition == Condition(
        queries=frozenset({"red shoes"}),
        contains=("运动鞋", "sale"),
        categories=("women/tops",),
    )
    assert (rule.start_seconds, rule.end_seconds) == (100.5, math.inf)
    assert rule.disabled


def test_the_epoch_is_a_time_like_another() -> None:
    rule = read_rule(written("out_of_stock {policy: POLICY_HIDE} end_time {}"))
    assert (rule.start_seconds, rule.end_seconds) == (-math.inf, 0)


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        ("", "rule", "RULE_ACTION_MISSING"),
        ("out_of_stock {}", "rule", "RULE_ACTION_MISSING"),
        (
            'bury {selection {filter: "price <"}}',
            "rule.bury.selection.filter",
            "FILTER_SYNTAX",
        ),
        (
            'boost {selection {filter: "prise < 5"} strength: 1}',
            "rule.boost.selection.filter",
            "FILTER_UNKNOWN_FIELD",
        ),
        (
            'exclude {selection {filter: "price < 5 AND attributes.size = m"}}',
            "rule.exclude.selection.filter",
            "RULE_FILTER_ATTRIBUTES",
        ),
    ],
)
def test_what_cannot_be_read(text: str, field: str, reason: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_rule(written(text))
    (violation,) = caught.value.violations
    assert (violation.field, violation.reason) == (field, reason)
