"""A person's taste: what it adds by hand, and counts that follow what shoppers see."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ranker.columns import CandidateColumns
from ranker.simulate import simulated_grades
from ranker.tastes import Taste, drawn_taste, liking, with_counts

CandidateMaker = Callable[..., CandidateColumns]

TASTE = Taste(
    brands=np.array([3], dtype=np.int32),
    categories=np.array([5], dtype=np.int32),
    log_price=math.log(20),
    look=np.array([1.0, 0, 0, 0]),
    brand_liking=1.0,
    category_liking=0.5,
    price_liking=0.8,
    look_liking=1.5,
)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, 0.0),
        ({"brand": [3]}, 1.0),
        ({"brand": [4]}, 0.0),
        ({"category": [5]}, 0.5),
        ({"price": [20.0]}, 0.8),
        ({"price": [20 * math.e]}, 0.8 * math.exp(-1)),
        ({"price": [20 / math.e]}, 0.8 * math.exp(-1)),
    ],
)
def test_liking_by_hand(
    candidates: CandidateMaker, known: dict[str, list[float]], expected: float
) -> None:
    assert liking(TASTE, candidates(1, **known)).tolist() == pytest.approx([expected], rel=1e-5)


def test_looks_are_liked_by_their_cosine(candidates: CandidateMaker) -> None:
    vectors = np.array([[127, 0, 0, 0], [0, 127, 0, 0], [-127, 0, 0, 0]], dtype=np.int8)
    found = liking(TASTE, candidates(3, vectors=vectors))
    assert found.tolist() == pytest.approx([1.5, 0.0, -1.5], abs=1e-6)


def test_a_drawn_taste_is_about_products_of_the_shop(candidates: CandidateMaker) -> None:
    shop = candidates(1, brand=[2], category=[-1], price=[30.0])
    taste = drawn_taste(shop, rng=np.random.default_rng(1))
    assert taste.brands.tolist() == [2]
    assert taste.categories.tolist() == []
    assert taste.log_price == pytest.approx(math.log(30))
    # No vector, no look: nothing is liked or disliked for it.
    assert not taste.look.any()


def test_unknown_prices_everywhere_add_nothing(candidates: CandidateMaker) -> None:
    shop = candidates(3, brand=[1, 2, 3])
    taste = drawn_taste(shop, rng=np.random.default_rng(1))
    assert np.isfinite(liking(taste, shop)).all()


def test_counts_follow_appeal_and_the_funnel(candidates: CandidateMaker) -> None:
    appeal = np.repeat([-1.0, 1.0], 500)
    counted = with_counts(candidates(1000), appeal=appeal, rng=np.random.default_rng(1))
    for wider, narrower in (("impressions", "clicks"), ("clicks", "carts"), ("carts", "purchases")):
        assert (getattr(counted, wider) >= getattr(counted, narrower)).all()
    low, high = (
        counted.clicks[half].sum() / counted.impressions[half].sum()
        for half in (slice(500), slice(500, None))
    )
    assert low == pytest.approx(1 / (1 + math.exp(4)), rel=0.1)
    assert high == pytest.approx(1 / (1 + math.exp(2)), rel=0.1)


def test_what_a_person_likes_is_graded_higher_among_equals(candidates: CandidateMaker) -> None:
    shop = candidates(4, brand=[3, 4, 3, 4])
    liked = liking(replace(TASTE, brand_liking=2.0), shop)
    grades = simulated_grades(np.array([1.0, 1.0, 0.5, 0.5]), shop, seed=1, liked=liked).tolist()
    assert grades[0] > grades[1] > grades[3]
    assert grades[0] > grades[2] > grades[3]
    # Relevance still decides: what is liked and half right never beats what is exact.
    assert grades[1] >= grades[2]
