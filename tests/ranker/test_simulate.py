"""Simulated shoppers: relevance first, taste among equals, and labels that recover both."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ranker.columns import CandidateColumns
from ranker.events import labels_from_events
from ranker.simulate import DEFAULT_SHOPPERS, browse, simulated_grades, utilities

CandidateMaker = Callable[..., CandidateColumns]

NO_SPREAD = replace(DEFAULT_SHOPPERS, price_spread=0, sales_spread=0, rating_spread=0)


def test_utility_is_relevance_plus_bounded_taste(candidates: CandidateMaker) -> None:
    # Log prices 0 and 2 standardise to -1 and 1; sales and ratings are unknown.
    worth = utilities(
        np.array([1.0, 0.5]),
        candidates(2, price=[1, math.exp(2)]),
        shoppers=3,
        rng=np.random.default_rng(0),
        model=replace(NO_SPREAD, relevance=6, taste_bound=1.5, price_mean=-0.5),
    )
    taste = 1.5 * math.tanh(0.5 / 1.5)
    np.testing.assert_allclose(worth, [[6 + taste, 3 - taste]] * 3, rtol=1e-5)


def test_ratings_weigh_as_much_as_they_are_trusted(candidates: CandidateMaker) -> None:
    # Ratings 5 and 3 standardise to 1 and -1; 5 ratings are trusted by half, none not at all.
    worth = utilities(
        np.zeros(2),
        candidates(2, rating=[5, 3], rating_count=[5, 0]),
        shoppers=1,
        rng=np.random.default_rng(0),
        model=replace(NO_SPREAD, taste_bound=1.5, rating_mean=0.6),
    )
    np.testing.assert_allclose(worth, [[1.5 * math.tanh(0.6 * 0.5 / 1.5), 0]], rtol=1e-5)


def test_a_best_seller_that_answers_half_never_beats_an_exact_answer(
    candidates: CandidateMaker,
) -> None:
    # Among a hundred products, one is as much cheaper and better sold as one can be.
    shop = candidates(100, price=[1.0] + [100.0] * 99, units_30_days=[100_000.0] + [1.0] * 99)
    relevance = np.array([0.5] + [1.0] * 99)
    worth = utilities(relevance, shop, shoppers=1000, rng=np.random.default_rng(0))
    assert (worth[:, :1] < worth[:, 1:]).all()


def test_looks_follow_position() -> None:
    # Utilities so high that whatever is examined is bought.
    counts = browse(
        np.full((100, 3), 100.0),
        order=np.array([2, 0], dtype=np.int32),
        in_stock=np.ones(3, dtype=np.bool_),
        searches=100,
        rng=np.random.default_rng(0),
    )
    assert counts.searches == 10_000
    assert counts.position.tolist() == [1, -1, 0]
    assert counts.purchases[2] == 10_000
    assert counts.purchases[0] == pytest.approx(5_000, abs=250)
    assert counts.purchases[1] == 0
    assert (counts.carts == counts.clicks).all()


def test_labels_recover_relevance_and_order_equals_by_taste(candidates: CandidateMaker) -> None:
    # Of each relevance, the first is cheap and sells, the last is dear and does not.
    shop = candidates(
        12,
        price=[10, 20, 40, 80] * 3,
        units_30_days=[400, 100, 25, 5] * 3,
        retrieval_score=[float(12 - i) for i in range(12)],
    )
    relevance = np.repeat([0.0, 0.5, 1.0], 4)
    grades = simulated_grades(relevance, shop, seed=1)
    assert grades.dtype == np.int32
    irrelevant, half, exact = grades.reshape(3, 4).tolist()
    assert irrelevant == [0, 0, 0, 0]
    assert (half[0], half[3]) == (2, 1)
    assert (exact[0], exact[3]) == (4, 3)


def test_sold_out_falls_behind_its_equals_alone(candidates: CandidateMaker) -> None:
    shop = candidates(6, stock=[5, 0, float("nan"), 5, 0, float("nan")])
    grades = simulated_grades(np.array([0.5, 0.5, 0.5, 1, 1, 1]), shop, seed=1)
    half, gone_half, unknown_half, exact, gone, unknown = grades.tolist()
    assert gone < exact
    assert exact == unknown
    assert gone > max(half, gone_half, unknown_half)


def test_position_bias_does_not_reach_the_labels() -> None:
    # Thirty equal products: who counts clicks as they are finds the first ones better.
    counts = browse(
        np.full((100, 30), 5.0),
        order=np.arange(30, dtype=np.int32),
        in_stock=np.ones(30, dtype=np.bool_),
        searches=1000,
        rng=np.random.default_rng(3),
    )
    corrected = labels_from_events([counts], exponent=DEFAULT_SHOPPERS.position_bias)
    naive = labels_from_events([counts], exponent=0)
    assert len(set(corrected.tolist())) == 1
    assert naive[0] > naive[29]


def test_same_seed_same_shoppers(candidates: CandidateMaker) -> None:
    shop = candidates(30, price=[float(i + 1) for i in range(30)])
    relevance = np.linspace(0, 1, 30)
    first, again, other = (simulated_grades(relevance, shop, seed=seed) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_no_candidates(candidates: CandidateMaker) -> None:
    assert simulated_grades(np.empty(0), candidates(0), seed=1).tolist() == []
