"""Signals taken as other than they are, worked out by hand."""

import numpy as np
import pytest

from ranker.columns import CandidateColumns
from ranker.features.schema import FEATURES, compute
from server.query import SignalChange
from server.signal_changes import with_changes
from tests.ranker.conftest import unknown_candidates, unknown_query

NAN = float("nan")
IDS = ("a", "b", "c")


def _columns() -> CandidateColumns:
    return unknown_candidates(3, price=[10, 20, NAN], list_price=[10, 25, NAN], stock=[0, NAN, 3])


@pytest.mark.parametrize(
    ("changes", "price", "stock"),
    [
        ([SignalChange(product_id="b", price_factor=0.5)], [10, 10, NAN], [0, NAN, 3]),
        ([SignalChange(product_id="c", price_factor=0.5)], [10, 20, NAN], [0, NAN, 3]),
        ([SignalChange(product_id="a", stock=5)], [10, 20, NAN], [5, NAN, 3]),
        ([SignalChange(price_factor=2.0, stock=1)], [20, 40, NAN], [1, 1, 1]),
        ([SignalChange(product_id="ghost", stock=1)], [10, 20, NAN], [0, NAN, 3]),
        (
            [SignalChange(price_factor=2.0), SignalChange(product_id="a", price_factor=0.5)],
            [10, 40, NAN],
            [0, NAN, 3],
        ),
    ],
)
def test_changes_by_hand(
    changes: list[SignalChange], price: list[float], stock: list[float]
) -> None:
    columns = _columns()
    changed = with_changes(columns, IDS, changes)
    np.testing.assert_array_equal(changed.price, np.array(price, np.float32))
    np.testing.assert_array_equal(changed.stock, np.array(stock, np.float32))
    assert changed.list_price is columns.list_price
    np.testing.assert_array_equal(columns.price, np.array([10, 20, NAN], np.float32))
    np.testing.assert_array_equal(columns.stock, np.array([0, NAN, 3], np.float32))


def test_no_changes_cost_nothing() -> None:
    columns = _columns()
    assert with_changes(columns, IDS, ()) is columns


def test_a_lower_price_of_one_moves_features_of_the_others() -> None:
    columns = _columns()
    changed = with_changes(columns, IDS, [SignalChange(product_id="b", price_factor=0.25)])
    before, after = compute(unknown_query(), columns), compute(unknown_query(), changed)
    families = {
        FEATURES[column].name
        for column in range(len(FEATURES))
        if not np.array_equal(before[0, column], after[0, column], equal_nan=True)
    }
    assert families, "the first product is no longer the cheapest"
