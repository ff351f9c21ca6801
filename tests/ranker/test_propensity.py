"""Propensities: by hand from swaps, recovered from moves, honest where a log cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranker.errors import RankingError
from ranker.falling import falling
from ranker.propensity import PropensityMethod, estimate, from_moves, from_swaps
from ranker.shown_log import ShownLog, checked
from ranker.two_factor import fit_two_factor


class Search(NamedTuple):
    """One search: the products shown, those clicked, the place swapped with the first."""

    text: int
    shown: Sequence[int]
    clicked: Sequence[int] = ()
    swapped_with: int = 0


def log_of(*searches: Search) -> ShownLog:
    rows = [
        (number, product, place, product in search.clicked)
        for number, search in enumerate(searches)
        for place, product in enumerate(search.shown)
    ]
    search, product, position, clicked = (np.array(column) for column in zip(*rows, strict=True))
    nothing = np.zeros(len(rows), dtype=np.bool_)
    return ShownLog(
        search=search.astype(np.int32),
        product=product.astype(np.int32),
        position=position.astype(np.int32),
        clicked=clicked.astype(np.bool_),
        carted=nothing,
        bought=nothing,
        text=np.array([each.text for each in searches], dtype=np.int32),
        swapped_with=np.array([each.swapped_with for each in searches], dtype=np.int32),
    )


def browsed(
    seed: int, *, searches: int, bias: float, swap_share: float, moves: bool, products: int = 6
) -> ShownLog:
    """A log of shoppers who follow the position-based model."""
    rng = np.random.default_rng(seed)
    liking = rng.uniform(0.1, 0.9, (20, products))
    made = []
    for _ in range(searches):
        text = int(rng.integers(20))
        order = rng.permutation(products) if moves else np.arange(products)
        swapped = int(rng.integers(1, products)) if rng.random() < swap_share else 0
        order[[0, swapped]] = order[[swapped, 0]]
        looks = rng.random(products) < (1.0 + np.arange(products)) ** -bias
        clicks = looks & (rng.random(products) < liking[text, order])
        made.append(Search(text, order.tolist(), order[clicks].tolist(), swapped))
    return log_of(*made)


def test_swaps_by_hand() -> None:
    # At place 0: 6 of 10 clicked unswapped, 4 of 10 swapped; at place 1: 3 of 10 and 2 of 10.
    unswapped = [Search(0, [0, 1], [0] * (i < 6) + [1] * (i < 3)) for i in range(10)]
    swapped = [Search(0, [1, 0], [1] * (i < 4) + [0] * (i < 2), 1) for i in range(10)]
    log = log_of(*(unswapped + swapped) * 20)
    found = from_swaps(log)
    assert found is not None
    assert found.method is PropensityMethod.SWAPS
    np.testing.assert_allclose(found.values, [1.0, (0.3 + 0.2) / (0.6 + 0.4)])
    # var = [var(x - y / 2)] / 200 in each arm, over (0.6 + 0.4)²; x - y / 2 takes by hand
    # 1/2 (3 of 10), -1/2 (3), 0 (4) unswapped, and 1/2 (2), -1/2 (2), 0 (6) swapped.
    expected = np.sqrt((0.15 + 0.1) * (200 / 199) / 200)
    np.testing.assert_allclose(found.standard_errors, [0.0, expected], rtol=1e-6)


def test_swaps_recover_the_truth_within_their_errors() -> None:
    log = browsed(3, searches=6000, bias=1.0, swap_share=0.5, moves=False)
    found = from_swaps(log)
    assert found is not None
    truth = 1 / np.arange(1, 7)
    assert (np.abs(found.values - truth) <= 4 * found.standard_errors + 1e-9).all()
    assert (found.standard_errors[1:] < 0.1).all()


def test_few_swaps_are_left_alone() -> None:
    log = browsed(3, searches=600, bias=1.0, swap_share=0.01, moves=True)
    assert from_swaps(log) is None
    assert estimate(log).method is PropensityMethod.EXPECTATION_MAXIMISATION


@pytest.mark.parametrize("bias", [0.0, 1.0, 2.0])
def test_moves_recover_the_truth(bias: float) -> None:
    log = browsed(5, searches=8000, bias=bias, swap_share=0, moves=True)
    truth = np.maximum((1.0 + np.arange(6)) ** -bias, 0.02)
    np.testing.assert_allclose(from_moves(log).values, truth, atol=0.06)


def test_maximisation_is_exact_where_the_counts_are() -> None:
    # Likings 0.8 and 0.4, places 1 and 0.5: the very shares that the model gives.
    shown = np.full((2, 2), 1e6)
    clicked = shown * np.array([[0.8, 0.4], [0.4, 0.2]])
    np.testing.assert_allclose(fit_two_factor(shown, clicked), [1.0, 0.5], atol=1e-3)


def test_a_place_nothing_moved_to_keeps_the_one_before() -> None:
    # Products change between places 0 and 1; places 2 and 3 change among themselves alone.
    searches = []
    for turn in range(40):
        top, rest = ([0, 1], [2, 3]) if turn % 2 else ([1, 0], [3, 2])
        clicks = [top[0], rest[0]] if turn % 4 < 2 else [top[1]] if turn % 8 == 7 else []
        searches.append(Search(0, top + rest, clicks))
    values = from_moves(log_of(*searches)).values
    assert values[0] == 1.0
    assert values[1] < 0.9
    assert values[2] == values[3] == values[1]


@pytest.mark.parametrize(
    "searches",
    [
        # Nothing ever moves.
        [Search(0, [0, 1], [0])] * 9,
        # It moves and nothing is clicked.
        [Search(0, [0, 1]), Search(0, [1, 0])] * 9,
        # What moves is never at the first place.
        [Search(0, [0, 1, 2], [1]), Search(0, [0, 2, 1], [1])] * 9,
    ],
)
def test_what_cannot_be_known_is_said(searches: list[Search]) -> None:
    with pytest.raises(RankingError) as caught:
        estimate(log_of(*searches))
    assert caught.value.reason == "PROPENSITY_UNKNOWN"
    assert "swap" in str(caught.value)


def test_values_fall_from_one_and_reach_beyond_their_end() -> None:
    found = estimate(browsed(9, searches=500, bias=1.0, swap_share=0, moves=True))
    assert found.values[0] == 1.0
    assert (np.diff(found.values) <= 0).all()
    assert found.at(np.array([0, 5, 400])).tolist() == found.values[[0, 5, 5]].tolist()


def test_same_log_same_propensities() -> None:
    first, again = (
        estimate(browsed(9, searches=500, bias=1.0, swap_share=0, moves=True)) for _ in range(2)
    )
    assert first.values.tolist() == again.values.tolist()


def test_a_broken_log_is_refused() -> None:
    log = log_of(Search(0, [0, 1]), Search(0, [0]))
    assert checked(log) is log
    for field in ("position", "search"):
        column = getattr(log, field).copy()
        column[0] = -1 if field == "position" else 5
        broken = {name: getattr(log, name) for name in log.__slots__} | {field: column}
        with pytest.raises(RankingError, match="cannot be learnt from"):
            checked(ShownLog(**broken))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_falling_falls_keeps_its_mean_and_what_falls_already(values: list[float]) -> None:
    array = np.array(values)
    found = falling(array, weights=np.ones(len(values)))
    assert (np.diff(found) <= 1e-12).all()
    assert found.mean() == pytest.approx(array.mean())
    ordered = np.sort(array)[::-1]
    np.testing.assert_allclose(falling(ordered, weights=np.ones(len(values))), ordered)
