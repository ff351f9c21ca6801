"""What simulated shoppers want and do, worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.simulated_shoppers import (
    POPULATION,
    Shopper,
    draw_shoppers,
    expected_purchases,
    visit,
    worth,
)
from server.feedback.event import EventKind
from tests.benchmarks.shop_parts import drawn_questions

SURE, NEVER = 60.0, -60.0


def test_a_sure_purchase_is_worth_what_its_place_is_looked_at() -> None:
    wanted = np.array([NEVER, SURE, SURE, SURE])
    order = np.array([0, 2, 1, 3], np.int32)
    # Looked at with 1, 1/2 and 1/3; the fourth place does not count.
    assert expected_purchases(wanted, order, k=3) == pytest.approx(1 / 2 + 1 / 3)


def test_a_purchase_takes_a_click_a_cart_and_a_purchase() -> None:
    at_threshold = np.array([POPULATION.purchase_threshold])
    click = 1 / (1 + math.exp(POPULATION.click_threshold - POPULATION.purchase_threshold))
    expected = click * 0.5 * 0.5  # the thresholds of cart and purchase are the same
    found = expected_purchases(at_threshold, np.zeros(1, np.int32), k=10)
    assert found == pytest.approx(expected)


def test_what_is_done_is_done_to_what_was_shown_where_it_was_shown() -> None:
    rng = np.random.default_rng(2)
    wanted = np.array([SURE, NEVER, NEVER])
    seen = visit(wanted, np.array([0, 1, 2], np.int32), swap_share=0.0, rng=rng)
    assert seen.swapped is None
    assert seen.deeds.tolist() == [EventKind.PURCHASE, 0, 0]
    # Swapped from the first place, the product is looked at with the probability of the other.
    counts = 0
    for _ in range(600):
        seen = visit(wanted, np.array([0, 1], np.int32), swap_share=1.0, rng=rng)
        assert seen.swapped == (0, 1)
        assert seen.order.tolist() == [1, 0]
        counts += int(seen.deeds[1] == EventKind.PURCHASE)
    assert 240 < counts < 360


def test_taste_moves_utility_no_further_than_its_bound() -> None:
    (asked,) = drawn_questions(1, candidates=20)
    shopper = Shopper(
        name="s", price=9.0, rating=9.0, quality=9.0, style=9.0, direction=np.ones(4, np.float32)
    )
    found = worth(shopper, asked, quality=np.linspace(-3, 3, 20))
    relevance = POPULATION.relevance * asked.grades / 2
    assert (np.abs(found - relevance) <= POPULATION.taste_bound).all()
    # What is unknown has no say.
    nothing = np.full(20, np.nan, np.float32)
    columns = replace(
        asked.columns, price=nothing, rating=nothing, vectors=np.zeros((20, 4), np.int8)
    )
    unknown = worth(shopper, replace(asked, columns=columns), quality=np.zeros(20))
    assert unknown.tolist() == relevance.tolist()


def test_the_same_seed_draws_the_same_shoppers() -> None:
    vectors = np.eye(4, dtype=np.float32)
    first, second = (
        draw_shoppers(3, vectors=vectors, rng=np.random.default_rng(9)) for _ in range(2)
    )
    assert [each.price for each in first] == [each.price for each in second]
    assert len({each.price for each in first}) == 3
    assert float(np.linalg.norm(first[0].direction)) == pytest.approx(1, abs=1e-6)
