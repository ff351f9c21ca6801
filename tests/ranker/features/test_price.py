"""Prices beside the other candidates and the price named, worked by hand."""

from collections.abc import Callable
from math import log

import numpy as np
import pytest

from ranker.columns import CandidateColumns, PersonFacts, QueryFacts
from ranker.features.price import FAMILY

NAN = float("nan")


def who_pays(*, log_price: float, log_price_spread: float) -> PersonFacts:
    nobody = np.empty(0, dtype=np.int32)
    return PersonFacts(
        events=1.0,
        vector=np.zeros(4, dtype=np.float32),
        brands=nobody,
        brand_shares=nobody.astype(np.float32),
        categories=nobody,
        category_shares=nobody.astype(np.float32),
        log_price=log_price,
        log_price_spread=log_price_spread,
        bought_groups=nobody,
    )


@pytest.mark.parametrize(
    ("hint", "from_hint"),
    [
        (NAN, [NAN, NAN, NAN, NAN]),
        (0.0, [NAN, NAN, NAN, NAN]),
        (20.0, [log(2), 0, log(4), NAN]),
    ],
)
def test_hand_worked(
    query: Callable[..., QueryFacts],
    candidates: Callable[..., CandidateColumns],
    hint: float,
    from_hint: list[float],
) -> None:
    named = FAMILY.named(
        query(price_hint=hint, person=who_pays(log_price=log(20), log_price_spread=0.5)),
        candidates(4, price=[10, 20, 80, NAN], list_price=[40, 20, NAN, 50]),
    )
    # Logarithms of 10, 20 and 80 are 0, 1 and 3 doublings above the first: mean 4/3.
    spread = ((16 + 1 + 25) / 27) ** 0.5
    expected = {
        "price_level": [-4 / 3 / spread, -1 / 3 / spread, 5 / 3 / spread, NAN],
        "price_to_median": [-log(2), 0, log(4), NAN],
        "price_percentile": [0, 1 / 4, 2 / 4, NAN],
        "price_from_hint": from_hint,
        "price_over_person": [-2 * log(2), 0, 2 * log(4), NAN],
        "price_from_person": [2 * log(2), 0, 2 * log(4), NAN],
        "discount": [0.75, 0, 0, NAN],
    }
    assert named.keys() == expected.keys()
    for name, values in expected.items():
        assert named[name].tolist() == pytest.approx(values, abs=1e-6, nan_ok=True), name


def test_given_away_and_dearer_than_before(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    named = FAMILY.named(query(), candidates(2, price=[0, 30], list_price=[0, 20]))
    middle = (log(0.01) + log(30)) / 2
    assert named["price_to_median"].tolist() == pytest.approx(
        [log(0.01) - middle, log(30) - middle], rel=1e-5
    )
    assert named["discount"].tolist() == [1, 0]


@pytest.mark.parametrize("who", [None, who_pays(log_price=NAN, log_price_spread=NAN)])
def test_without_a_usual_price_there_is_no_distance_to_it(
    query: Callable[..., QueryFacts],
    candidates: Callable[..., CandidateColumns],
    who: PersonFacts | None,
) -> None:
    named = FAMILY.named(query(person=who), candidates(2, price=[1, 2]))
    assert np.isnan(named["price_over_person"]).all()
    assert np.isnan(named["price_from_person"]).all()


def test_equal_prices_are_all_in_the_middle(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    named = FAMILY.named(query(), candidates(3, price=[7, 7, 7]))
    for name in ("price_level", "price_to_median", "price_percentile"):
        assert named[name].tolist() == [0, 0, 0], name
