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
