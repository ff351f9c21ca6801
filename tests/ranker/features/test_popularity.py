"""Sales, velocity, ratings and recency, worked by hand."""

from collections.abc import Callable
from math import exp, log

import numpy as np
import pytest

from ranker.columns import CandidateColumns, QueryFacts
from ranker.features.popularity import FAMILY

NAN = float("nan")


def test_hand_worked(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    named = FAMILY.named(
        query(),
        candidates(
            3,
            units_1_day=[0, 3, NAN],
            units_7_days=[0, 6, NAN],
            units_30_days=[0, 29, NAN],
            rating=[5, 3, NAN],
            rating_count=[5, 15, 0],
            age_days=[0, 90, NAN],
            impressions=[100, 300, 0],
            clicks=[20, 20, 0],
            carts=[8, 0, 0],
            purchases=[0, 0, 0],
        ),
    )
    expected = {
        "units_1_day_z": [-1, 1, NAN],
        "units_7_days_z": [-1, 1, NAN],
        "units_30_days_z": [-1, 1, NAN],
        "velocity_1_day": [0, log(22 / 7), NAN],
        "velocity_7_days": [0, log((180 / 7 + 1) / 30), NAN],
        # The prior is 4: (4 * 5 + 5 * 5) / 10 - 4 and (4 * 5 + 3 * 15) / 20 - 4.
        "rating_smoothed": [0.5, -0.75, NAN],
        "rating_count_log": [log(6), log(16), 0],
        "recency": [1, exp(-1), NAN],
        "impressions_log": [log(101), log(301), 0],
        # One in ten is clicked, so that 10 and 30 clicks are expected; 2 are added to both.
        "click_rate": [log(22 / 12), log(22 / 32), 0],
        # One in fifty goes into a cart: 2 and 6 are expected.
        "cart_rate": [log(10 / 4), log(2 / 8), 0],
        # Nobody bought anything, so that nobody was expected to.
        "purchase_rate": [0, 0, 0],
    }
    assert named.keys() == expected.keys()
    for name, values in expected.items():
        assert named[name].tolist() == pytest.approx(values, abs=1e-5, nan_ok=True), name


def test_an_unrated_shop_has_no_prior(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    named = FAMILY.named(query(), candidates(2, rating_count=[0, 0]))
    assert np.isnan(named["rating_smoothed"]).all()


def test_returns_do_not_break_logarithms(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    named = FAMILY.named(
        query(), candidates(2, units_1_day=[-3, 0], units_7_days=[-3, 0], units_30_days=[-9, 0])
    )
    assert named["units_30_days_z"].tolist() == [0, 0]
    assert named["velocity_1_day"].tolist() == [0, 0]


def test_a_rate_is_the_mean_under_a_beta_prior(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    shown, clicked = [40, 10, 950], [0, 10, 190]
    pooled = 0.2
    weight = 2 / pooled
    means = [
        (clicks + weight * pooled) / (impressions + weight)
        for impressions, clicks in zip(shown, clicked, strict=True)
    ]
    named = FAMILY.named(query(), candidates(3, impressions=shown, clicks=clicked))
    assert named["click_rate"].tolist() == pytest.approx(
        [log(mean / pooled) for mean in means], rel=1e-5
    )


@pytest.mark.parametrize(
    ("shown", "clicked", "expected"),
    [
        # Clicks whose impressions were lost are still clicks.
        ([0, 0], [3, 0], [log(5 / 2), 0]),
        ([0, 0], [0, 0], [0, 0]),
        ([NAN, 8], [NAN, 4], [0, log(6 / 6)]),
        ([-5, 8], [-5, 4], [0, 0]),
    ],
)
def test_odd_counts(
    query: Callable[..., QueryFacts],
    candidates: Callable[..., CandidateColumns],
    shown: list[float],
    clicked: list[float],
    expected: list[float],
) -> None:
    named = FAMILY.named(query(), candidates(2, impressions=shown, clicks=clicked))
    assert named["click_rate"].tolist() == pytest.approx(expected, abs=1e-6)
    assert np.isfinite(named["impressions_log"]).all()
