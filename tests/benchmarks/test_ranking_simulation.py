"""The simulation end to end on a drawn shop, and what it counts."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.ranking_simulation import Counted, Size, measured
from benchmarks.search_lessons import Searched, shown_log
from benchmarks.simulated_shoppers import Visit
from ranker.train import TrainedRanker
from server.feedback.event import EventKind
from tests.benchmarks.shop_parts import drawn_questions

DEEDS = np.array([EventKind.CLICK, 0, EventKind.PURCHASE], np.int32)


def test_a_purchase_was_clicked_and_carted_before() -> None:
    (asked,) = drawn_questions(1, candidates=4)
    counted = Counted()
    counted.add(["p1", "p0", "p3"], DEEDS)
    counted.add(["p1"], np.array([EventKind.ADD_TO_CART], np.int32))
    columns = counted.on(asked)
    assert columns.impressions.tolist() == [1, 2, 0, 1]
    assert columns.clicks.tolist() == [0, 2, 0, 1]
    assert columns.carts.tolist() == [0, 1, 0, 1]
    assert columns.purchases.tolist() == columns.units_30_days.tolist() == [0, 0, 0, 1]


def test_searches_become_a_log_of_what_was_shown() -> None:
    asked = drawn_questions(3, candidates=4)
    order = np.array([1, 0, 3], np.int32)
    searches = [
        Searched(
            asked=each,
            columns=each.columns,
            person=None,
            visit=Visit(order=order, deeds=DEEDS, swapped=swapped),
            time_seconds=0.0,
        )
        for each, swapped in zip(asked, [(0, 1), None, None], strict=True)
    ]
    log = shown_log(searches)
    assert log.search.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert log.product.tolist() == [1, 0, 3] * 3
    assert log.position.tolist() == [0, 1, 2] * 3
    assert log.clicked.tolist() == [True, False, True] * 3
    assert log.carted.tolist() == log.bought.tolist() == [False, False, True] * 3
    assert log.text.tolist() == [0, 0, 1]  # the first two ask for the same
    assert log.swapped_with.tolist() == [1, 0, 0]


def test_a_ranker_is_learned_and_tried_on_others() -> None:
    asked = drawn_questions(12, candidates=30)
    found = measured(asked, size=Size(shoppers=8, visits=30, seed=3))
    assert isinstance(found["trained"], TrainedRanker)
    assert found["questions"] == 6
    assert set(found["purchases_at_10"]) == {"ours", "retrieval", "rules"} == set(found["ndcg"])
    assert all(0 < value < 1 for value in found["purchases_at_10"].values())
    uplift = found["uplift"]["retrieval"]
    assert uplift["low"] <= uplift["mean"] <= uplift["high"]
    assert uplift["mean"] == pytest.approx(
        found["purchases_at_10"]["ours"] / found["purchases_at_10"]["retrieval"] - 1, abs=1e-3
    )
