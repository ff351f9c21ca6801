"""Facts of a shopper from a few events, worked by hand."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest

from server.feedback.event import EventKind
from server.persons.interest import interests
from server.persons.person_facts import person_facts
from tests.server.persons.shopper_parts import NOW, SmallCatalog, event


def test_hand_worked() -> None:
    # Weights 8 / 2 = 4 for a purchase a week old, 3 for a cart now, 1 for a click now.
    done = [
        event("cheap", EventKind.ADD_TO_CART),
        event("bare"),
        event("gone", EventKind.PURCHASE),
        event("red1", EventKind.PURCHASE, days_ago=7),
    ]
    facts = person_facts(SmallCatalog(), interests(done), now_seconds=NOW)
    assert facts is not None
    assert facts.events == pytest.approx(8)
    assert facts.vector.tolist() == pytest.approx([0.8, 0.6])
    assert facts.brands.tolist() == [3, 8]
    assert facts.brand_shares.tolist() == pytest.approx([4 / 8, 3 / 8])
    assert facts.categories.tolist() == [1, 2]
    assert facts.category_shares.tolist() == pytest.approx([4 / 8, 3 / 8])
    # Prices 100 and 1 weigh 4 and 3.
    assert facts.log_price == pytest.approx(4 / 7 * log(100))
    assert facts.log_price_spread == pytest.approx(log(100) * sqrt(4 / 7 * 3 / 7))
    assert facts.bought_groups.tolist() == [10]
    assert {each.dtype for each in (facts.vector, facts.brand_shares, facts.category_shares)} == {
        np.dtype(np.float32)
    }
    assert {each.dtype for each in (facts.brands, facts.categories, facts.bought_groups)} == {
        np.dtype(np.int32)
    }


def test_what_was_bought_stands_newest_first_and_once() -> None:
    bought = [
        event("cheap", EventKind.PURCHASE, days_ago=1),
        event("red2", EventKind.PURCHASE, days_ago=2),
        event("red1", EventKind.PURCHASE, days_ago=3),
        event("bare", EventKind.PURCHASE, days_ago=3),
    ]
    facts = person_facts(SmallCatalog(), interests(bought), now_seconds=NOW)
    assert facts is not None
    assert facts.bought_groups.tolist() == [11, 10]


def test_one_price_has_the_least_spread() -> None:
    facts = person_facts(SmallCatalog(), interests([event("red1")]), now_seconds=NOW)
    assert facts is not None
    assert facts.log_price == pytest.approx(log(100))
    assert facts.log_price_spread == 0.1


def test_a_product_without_anything_leaves_everything_unknown() -> None:
    facts = person_facts(SmallCatalog(), interests([event("bare")]), now_seconds=NOW)
    assert facts is not None
    assert facts.events == 1
    assert facts.vector.tolist() == [0, 0]
    assert len(facts.brands) == len(facts.categories) == len(facts.bought_groups) == 0
    assert np.isnan([facts.log_price, facts.log_price_spread]).all()


@pytest.mark.parametrize("done", [[], [event("gone")]])
def test_nothing_known(done: list[object]) -> None:
    assert person_facts(SmallCatalog(), interests(done), now_seconds=NOW) is None  # type: ignore[arg-type]


def test_a_deed_ahead_of_our_clock_is_of_now() -> None:
    facts = person_facts(SmallCatalog(), interests([event("red1", at=NOW + 99)]), now_seconds=NOW)
    assert facts is not None
    assert facts.events == 1
