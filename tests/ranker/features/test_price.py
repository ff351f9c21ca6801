"""Prices beside the other candidates and the price named, worked by hand."""

from collections.abc import Callable
from math import log

import pytest

from ranker.columns import CandidateColumns, QueryFacts
from ranker.features.price import FAMILY

NAN = float("nan")


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
        query(price_hint=hint),
        candidates(4, price=[10, 20, 80, NAN], list_price=[40, 20, NAN, 50]),
    )
    expected = {
        "price_to_median": [-log(2), 0, log(4), NAN],
        "price_percentile": [0, 1 / 4, 2 / 4, NAN],
        "price_from_hint": from_hint,
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
