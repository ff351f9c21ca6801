"""Stock, worked by hand."""

from collections.abc import Callable
from math import log

import pytest

from ranker.columns import CandidateColumns, QueryFacts
from ranker.features.stock import FAMILY

NAN = float("nan")


def test_hand_worked(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    named = FAMILY.named(query(), candidates(4, stock=[0, 7, -2, NAN]))
    expected = {
        "stock_known": [1, 1, 1, 0],
        "in_stock": [0, 1, 0, NAN],
        "stock_units_log": [0, log(8), 0, NAN],
    }
    assert named.keys() == expected.keys()
    for name, values in expected.items():
        assert named[name].tolist() == pytest.approx(values, nan_ok=True), name
