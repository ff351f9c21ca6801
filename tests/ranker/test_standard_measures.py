"""Ours against trec_eval on random lists, and where their conventions part."""

from __future__ import annotations

import math

import ir_measures
import numpy as np
import pytest
from ir_measures import AP, nDCG

from ranker import metrics
from ranker.errors import RankingError
from ranker.standard_measures import JudgedOrder, standard_measures

OURS = {
    "ndcg@{k}": metrics.ndcg,
    "recall@{k}": metrics.recall,
    "precision@{k}": metrics.precision,
    "f1@{k}": metrics.f1,
}
WHOLE_LIST = {"map": metrics.average_precision, "mrr": metrics.reciprocal_rank}


def random_orders(seed: int) -> list[JudgedOrder]:
    """Lists of 0 to 30 with every grade, a third without any relevant product."""
    rng = np.random.default_rng(seed)
    orders = []
    for place in range(60):
        best = 0 if place % 3 == 0 else 4
        shown = rng.integers(0, best + 1, rng.integers(0, 31))
        missed = rng.integers(0, best + 1, rng.integers(0, 6))
        orders.append(JudgedOrder(shown=tuple(shown.tolist()), missed=tuple(missed.tolist())))
    return orders


@pytest.mark.parametrize("k", [1, 3, 10, 50])
def test_ours_equal_trec_eval_on_random_lists(k: int) -> None:
    orders = random_orders(k)
    theirs = standard_measures(orders, k=k)
    for place, order in enumerate(orders):
        judged = [*order.shown, *order.missed]
        for name, ours in OURS.items():
            value = theirs[name.format(k=k)][place]
            assert ours(order.shown, judged, k=k) == pytest.approx(value, nan_ok=True), name
        for name, ours in WHOLE_LIST.items():
            value = theirs[name][place]
            assert ours(order.shown, judged) == pytest.approx(value, nan_ok=True), name
    answerable = [any(order.shown) or any(order.missed) for order in orders]
    assert np.isnan(theirs["map"]).tolist() == [not each for each in answerable]


def test_trec_eval_gains_the_grade_and_we_two_to_the_grade() -> None:
    judged, shown = {"q": {"a": 2, "b": 1}}, {"q": {"b": 1.0, "a": 0.0}}
    linear = ir_measures.calc_aggregate([nDCG @ 10], judged, shown)[nDCG @ 10]
    assert linear == pytest.approx((1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)))
    ours = metrics.ndcg([1, 2], [2, 1], k=10)
    assert ours == pytest.approx((1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)))


def test_trec_eval_breaks_ties_by_name_and_we_by_place() -> None:
    judged, tied = {"q": {"a": 1, "b": 0}}, {"q": {"a": 0.5, "b": 0.5}}
    assert ir_measures.calc_aggregate([nDCG @ 1], judged, tied)[nDCG @ 1] == 0  # b before a
    (value,) = standard_measures([JudgedOrder(shown=(1, 0), missed=())], k=1)["ndcg@1"]
    assert value == 1


def test_average_precision_at_k_parts_and_over_the_whole_list_does_not() -> None:
    judged = {"q": {"a": 1, "b": 1, "c": 1}}
    shown = {"q": {"a": 3.0, "x": 2.0, "b": 1.0}}
    found = ir_measures.calc_aggregate([AP @ 1, AP], judged, shown)
    assert found[AP @ 1] == pytest.approx(1 / 3)
    assert metrics.average_precision([1, 0, 1], [1, 1, 1], k=1) == 1
    assert metrics.average_precision([1, 0, 1], [1, 1, 1]) == pytest.approx(found[AP])


def test_an_empty_list_counts_0_where_something_was_relevant() -> None:
    orders = [JudgedOrder(shown=(), missed=(1,)), JudgedOrder(shown=(), missed=())]
    for values in standard_measures(orders, k=10).values():
        assert values.tolist() == pytest.approx([0.0, math.nan], nan_ok=True)


@pytest.mark.parametrize("grade", [11, -1, 0.5])
def test_grades_that_trec_eval_cannot_take_are_refused(grade: int) -> None:
    with pytest.raises(RankingError, match="whole numbers from 0 to 10"):
        standard_measures([JudgedOrder(shown=(1,), missed=(grade,))], k=10)
