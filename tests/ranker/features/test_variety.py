"""How usual a product is among the candidates, worked by hand."""

from collections.abc import Callable
from math import log

import numpy as np
import pytest

from ranker.columns import CandidateColumns, QueryFacts
from ranker.features.variety import FAMILY

NAN = float("nan")


def test_hand_worked(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    east, north, nothing = [127, 0], [0, 127], [0, 0]
    named = FAMILY.named(
        query(),
        candidates(
            4,
            vectors=[east, east, north, nothing],
            price=[10, 20, 40, NAN],
            brand=[3, 3, 3, -1],
            category=[0, 1, 0, 1],
            group=[5, 6, 7, 8],
            color=[2, -1, 2, 0],
        ),
    )
    # The centre points to (2, 1).
    expected = {
        "centre_distance": [1 - 2 / 5**0.5, 1 - 2 / 5**0.5, 1 - 1 / 5**0.5, NAN],
        "median_price_distance": [log(2), 0, log(2), NAN],
        "brand_share": [3 / 4, 3 / 4, 3 / 4, NAN],
        "category_share": [1 / 2] * 4,
        "group_share": [1 / 4] * 4,
        "color_share": [1 / 2, NAN, 1 / 2, 1 / 4],
    }
    assert named.keys() == expected.keys()
    for name, values in expected.items():
        assert named[name].tolist() == pytest.approx(values, abs=1e-5, nan_ok=True), name


def test_without_vectors_there_is_no_centre(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    assert np.isnan(FAMILY.named(query(), candidates(3))["centre_distance"]).all()
