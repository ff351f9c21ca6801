"""What rules do to candidates, worked by hand, and what must hold for any rules."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.arrays import Float32Array, Int32Array
from server.retrieval.filters.parser import parse_filter
from server.retrieval.filters.tree import Filter
from server.rules.apply import Adjusted, FiredRules, arranged
from server.rules.rule import (
    Action,
    Boost,
    Bury,
    Exclude,
    OutOfStock,
    Pin,
    Rule,
    StockPolicy,
)
from tests.server.rules.rule_parts import ListedValues, of, product, rule

STOCKS: Sequence[float | None] = (3, 0, None, 0, 7)
SHOP = ListedValues(
    [
        product(name, price=price, stock=stock)
        for name, price, stock in zip("ABCDE", (10, 20, 30, 40, 50), STOCKS, strict=True)
    ]
)
SCORES = np.array([9, 7, 5, 3, 1], dtype=np.float32)
ROWS = np.arange(5, dtype=np.int32)
STOCK = np.array([math.nan if each is None else each for each in STOCKS], dtype=np.float32)


def adjusted_by(*actions: Action, scores: Float32Array = SCORES) -> Adjusted:
    rules = tuple(rule(f"r{place}", action) for place, action in enumerate(actions))
    return FiredRules(rules=rules).adjust(scores, rows=ROWS, stock=STOCK, values=SHOP)


def by_score(adjusted: Adjusted, scores: Float32Array) -> Int32Array:
    free = adjusted.free
    return free[np.argsort(-scores[free], kind="stable")]


def shown(adjusted: Adjusted, *, limit: int | None = None, groups: str = "") -> str:
    scores = SCORES + adjusted.added
    order = arranged(
        by_score(adjusted, scores),
        adjusted,
        scores=scores,
        groups=np.array([ord(each) for each in groups], dtype=np.int32) if groups else None,
        group_limit=limit,
    )
    return "".join("ABCDE"[each] for each in order)


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        # One action each.
        ([Exclude(selection=of("B", where="price >= 50"))], "ACD"),
        ([Bury(selection=of("A", "C"))], "BDEAC"),
        ([Boost(selection=of("E"), strength=0.6)], "ABECD"),  # 1 + 0.6 * 8 = 5.8
        ([Boost(selection=of("A"), strength=-0.6)], "BCADE"),  # 9 - 0.6 * 8 = 4.2
        ([Pin(products=("D", "E"), position=1)], "DEABC"),
        ([Pin(products=("D",), position=2)], "ADBCE"),
        ([OutOfStock(policy=StockPolicy.KEEP)], "ABCDE"),
        ([OutOfStock(policy=StockPolicy.LAST)], "ACEBD"),
        ([OutOfStock(policy=StockPolicy.HIDE)], "ACE"),
        # A pin beats burying and being last, and loses to being left out.
        ([Bury(selection=of("D")), Pin(products=("D",), position=1)], "DABCE"),
        ([OutOfStock(policy=StockPolicy.LAST), Pin(products=("D",), position=1)], "DACEB"),
        ([Pin(products=("D", "E"), position=1), Exclude(selection=of("D"))], "EABC"),
        ([Pin(products=("D", "E"), position=1), OutOfStock(policy=StockPolicy.HIDE)], "EAC"),
        # The first rule about stock decides.
        ([OutOfStock(policy=StockPolicy.KEEP), OutOfStock(policy=StockPolicy.HIDE)], "ABCDE"),
        # Two pins for a place, and one product pinned twice.
        ([Pin(products=("D",), position=1), Pin(products=("E", "C"), position=1)], "DECAB"),
        ([Pin(products=("E",), position=3), Pin(products=("E", "C"), position=1)], "CAEBD"),
        # Places beyond the end are the end; products that are not there are passed over.
        ([Pin(products=("A",), position=1_000)], "BCDEA"),
        ([Pin(products=("A", "B"), position=5)], "CDEAB"),
        ([Pin(products=("absent", "C"), position=1)], "CABDE"),
        # Boosts add up; the buried keep the order of their new scores.
        ([Boost(selection=of("E"), strength=0.5), Boost(selection=of("E"), strength=0.5)], "AEBCD"),
        ([Bury(selection=of("A", "E")), Boost(selection=of("E"), strength=1.0)], "BCDAE"),
        # All left out, or all buried.
        ([Exclude(selection=of(where="price > 0"))], ""),
        ([Bury(selection=of(where="price > 0"))], "ABCDE"),
    ],
)  # fmt: skip
def test_rules_worked_by_hand(actions: list[Action], expected: str) -> None:
    assert shown(adjusted_by(*actions)) == expected


def test_a_boost_is_a_share_of_the_span_of_what_is_kept_and_not_pinned() -> None:
    # A is left out and E pinned: 7 - 3 remains, a quarter of it is 1.
    found = adjusted_by(
        Boost(selection=of("C", "E"), strength=0.25),
        Exclude(selection=of("A")),
        Pin(products=("E",), position=1),
    )
    assert found.added.tolist() == [0, 0, 1, 0, 1]
    assert found.added.dtype == np.float32
    equal = adjusted_by(Boost(selection=of("C"), strength=1.0), scores=np.ones(5, dtype=np.float32))
    assert equal.added.tolist() == [0] * 5


def test_every_rule_that_had_a_say_is_told() -> None:
    found = adjusted_by(
        Pin(products=("D", "absent"), position=1),
        Boost(selection=of(where="price <= 20"), strength=0.1),
        Exclude(selection=of("E")),
        Bury(selection=of("B", "D")),
        OutOfStock(policy=StockPolicy.LAST),
        OutOfStock(policy=StockPolicy.HIDE),
        Bury(selection=of("absent")),
    )
    told = [[f"{each.name} {each.action}" for each in one] for one in found.fired]
    assert told == [
        ["r1 boost"],
        ["r1 boost", "r3 bury", "r4 out_of_stock"],
        [],
        ["r0 pin", "r3 bury", "r4 out_of_stock"],
        ["r2 exclude"],
    ]


def test_a_trial_may_say_another_stock_than_is_stored() -> None:
    hide = FiredRules(rules=(rule("r", OutOfStock(policy=StockPolicy.HIDE)),))
    stock = np.array([0, 1, 0, -1, np.nan], dtype=np.float32)
    found = hide.adjust(SCORES, rows=ROWS, stock=stock, values=SHOP)
    assert found.kept.tolist() == [False, True, False, False, True]


@pytest.mark.parametrize(
    ("pinned", "limit", "expected"),
    [
        # Groups x: A, C, E; y: B, D. A pinned variant is the first of its group.
        ((), 1, "AB"),
        (("E",), 1, "EB"),
        (("E",), 2, "EABD"),
        (("E", "C"), 1, "ECB"),
    ],
)
def test_a_pinned_variant_counts_for_its_group(
    pinned: tuple[str, ...], limit: int, expected: str
) -> None:
    found = adjusted_by(Pin(products=pinned, position=1))
    assert shown(found, limit=limit, groups="xyxyx") == expected


def test_what_a_limit_left_out_of_the_order_stays_out() -> None:
    found = adjusted_by(Pin(products=("E",), position=2))
    order = arranged(np.array([0, 2], dtype=np.int32), found, scores=SCORES)
    assert order.tolist() == [0, 4, 2]


@pytest.mark.parametrize(
    ("text", "expected", "asked"),
    [
        ("", ("B", "D", "E"), ()),
        ("price < 45", ("B", "D"), ()),
        ("id = Z", (), ()),
        ("attributes.size = m", ("D",), ("B", "D", "E")),
    ],
)
def test_pinned_products_that_retrieval_missed_come_in_by_the_filter(
    text: str, expected: tuple[str, ...], asked: tuple[str, ...]
) -> None:
    seen: list[str] = []

    def matches(ids: Sequence[str], tree: Filter) -> set[str]:
        seen.extend(ids)
        return {"D"}

    fired = FiredRules(
        rules=(
            rule("r0", Pin(products=("B", "A", "absent"), position=1)),
            rule("r1", Pin(products=("D", "B", "E"), position=1)),
        )
    )
    found = fired.outsiders(
        ("A", "C"), values=SHOP, filter_tree=parse_filter(text), matches=matches
    )
    assert found == expected
    assert tuple(seen) == asked


def test_without_pins_nothing_comes_in() -> None:
    fired = FiredRules(rules=(rule("r", Bury(selection=of("A"))),))
    tree = parse_filter("attributes.size = m")
    assert fired.outsiders((), values=SHOP, filter_tree=tree, matches=_never_asked) == ()


def _never_asked(ids: Sequence[str], tree: Filter) -> set[str]:
    raise AssertionError(f"asked of {ids}")


SELECTIONS = st.lists(st.sampled_from("ABCDE"), max_size=3).map(lambda some: of(*some))
ACTIONS = st.one_of(
    st.builds(Bury, selection=SELECTIONS),
    st.builds(Exclude, selection=SELECTIONS),
    st.builds(Boost, selection=SELECTIONS, strength=st.sampled_from([-1.0, -0.2, 0.3, 1.0])),
    st.builds(OutOfStock, policy=st.sampled_from(StockPolicy)),
    st.builds(
        Pin,
        products=st.lists(st.sampled_from("ABCDEZ"), max_size=4).map(tuple),
        position=st.integers(1, 7),
    ),
)


@given(actions=st.lists(ACTIONS, max_size=6))
@settings(deadline=None)
def test_whatever_the_rules_every_product_kept_is_shown_once(actions: list[Action]) -> None:
    found = adjusted_by(*actions)
    scores = SCORES + found.added
    order = arranged(by_score(found, scores), found, scores=scores).tolist()

    assert sorted(order) == np.flatnonzero(found.kept).tolist()
    pinned = dict(found.pins)
    assert len(set(pinned.values())) == len(found.pins)
    last = len(order) - len(pinned)
    for place, candidate in found.pins:
        at = order.index(candidate) + 1
        assert at == place or at > last  # beyond the end is the end
    rest = [each for each in order if each not in pinned.values()]
    assert rest == sorted(rest, key=lambda each: (bool(found.buried[each]), -scores[each]))
    assert [bool(each) for each in found.fired] == [
        any(_is_about(one, "ABCDE"[place]) for one in _heard(actions, found, place))
        for place in range(5)
    ]


def _heard(actions: Sequence[Action], found: Adjusted, place: int) -> list[Action]:
    """The actions that may have a say: one of stock, and pins only where the product stands."""
    stock = [each for each in actions if isinstance(each, OutOfStock)][:1]
    pinned = place in dict(found.pins).values()
    others = [each for each in actions if not isinstance(each, OutOfStock)]
    return stock + [each for each in others if pinned or not isinstance(each, Pin)]


def _is_about(action: Action, product_id: str) -> bool:
    match action:
        case Pin(products=products):
            return product_id in products
        case OutOfStock(policy=policy):
            return policy is not StockPolicy.KEEP and product_id in "BD"
        case other:
            return product_id in other.selection.ids


def test_rules_are_told_by_their_whole_names() -> None:
    name = "catalogs/luma/rules/summer"
    fired = FiredRules(rules=(Rule(name=name, action=Bury(selection=of("A"))),))
    found = fired.adjust(SCORES, rows=ROWS, stock=STOCK, values=SHOP)
    assert [each.name for each in found.fired[0]] == [name]
