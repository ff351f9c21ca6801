"""Overrides of features, and scores that are no numbers."""

import numpy as np
import pytest

from server.errors import InvalidRequest
from server.ranking_stage import overrule, unknown_feature

NAMES = ("price_level", "price_discount", "stock_known")


def test_whole_columns_are_overruled() -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
    overrule(matrix, NAMES, {"price_discount": 0.5, "stock_known": -1})
    assert matrix.tolist() == [[0, 0.5, -1], [3, 0.5, -1]]


def test_every_unknown_name_is_told_and_nothing_is_changed() -> None:
    matrix = np.zeros((2, 3), np.float32)
    with pytest.raises(InvalidRequest) as caught:
        overrule(matrix, NAMES, {"price_level": 1.0, "prise_level": 1.0, "zzz": 1.0})
    assert [each.field for each in caught.value.violations] == [
        "ranking.feature_overrides[prise_level]",
        "ranking.feature_overrides[zzz]",
    ]
    assert not matrix.any()


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("prise_level", "did you mean price_level?"),
        ("zzz", "take one of price_level, price_discount, stock_known"),
    ],
)
def test_the_remedy_names_what_is_near(name: str, remedy: str) -> None:
    found = unknown_feature(name, NAMES)
    assert found.reason == "FEATURE_UNKNOWN"
    assert remedy in found.description
