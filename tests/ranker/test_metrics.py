"""Ranking metrics: rows worked by hand, and bounds that hold for any order."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker import metrics

NAN = float("nan")
Metric = Callable[..., float]

ROWS = [
    # Shown 3, 0, 2 of judged 3, 2, 1: (7 + 3/2) / (7 + 3/log2(3) + 1/2)
    (metrics.ndcg, [3, 0, 2], [3, 2, 1], None, 8.5 / (7.5 + 3 / math.log2(3))),
    (metrics.ndcg, [3, 0, 2], [3, 2, 1], 1, 1.0),
    (metrics.ndcg, [0, 3], [3], 1, 0.0),
    (metrics.ndcg, [0, 3], [3], 2, 1 / math.log2(3)),
    (metrics.ndcg, [], [3], 10, 0.0),
    (metrics.ndcg, [0, 0], [0, 0], 10, NAN),
    (metrics.recall, [1, 0, 1], [1, 1, 1, 1], None, 0.5),
    (metrics.recall, [1, 0, 1], [1, 1, 1, 1], 2, 0.25),
    (metrics.recall, [0], [0], 5, NAN),
    (metrics.precision, [1, 0, 1], [1, 1], None, 2 / 3),
    (metrics.precision, [1, 0, 1], [1, 1], 10, 0.2),
    (metrics.precision, [0], [], 1, NAN),
    (metrics.success, [0, 0, 1], [1], 2, 0.0),
    (metrics.success, [0, 0, 1], [1], 3, 1.0),
    (metrics.success, [], [], 3, NAN),
    (metrics.reciprocal_rank, [0, 2, 1], [1, 2], None, 0.5),
    (metrics.reciprocal_rank, [0, 0, 1], [1], 2, 0.0),
    (metrics.reciprocal_rank, [0], [0], None, NAN),
    # Relevant at places 1 and 3 of three relevant: (1/1 + 2/3) / 3
    (metrics.average_precision, [1, 0, 1], [1, 1, 1], None, (1 + 2 / 3) / 3),
    (metrics.average_precision, [1, 0, 1], [1, 1, 1], 2, 0.5),
    (metrics.average_precision, [0], [0], None, NAN),
]


@pytest.mark.parametrize(("metric", "shown", "judged", "k", "expected"), ROWS)
def test_hand_worked(
    metric: Metric, shown: list[int], judged: list[int], k: int | None, expected: float
) -> None:
    assert metric(shown, judged, k=k) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (metrics.recall, 1.0),
        (metrics.precision, 1 / 3),
        (metrics.success, 1.0),
        (metrics.reciprocal_rank, 1 / 3),
        (metrics.average_precision, 1 / 3),
        (metrics.ndcg, 0.5),
    ],
)
def test_relevant_from_leaves_lower_grades_out(metric: Metric, expected: float) -> None:
    assert metric([1, 1, 2], [2, 1, 1], relevant_from=2) == pytest.approx(expected)


def test_dcg_discounts_by_place() -> None:
    assert metrics.dcg([2, 1]) == pytest.approx(3 + 1 / math.log2(3))
    assert metrics.dcg([2, 1], k=1) == 3.0
    assert metrics.dcg([]) == 0.0


@pytest.mark.parametrize(
    ("vectors", "k", "expected"),
    [
        ([[127, 0], [0, 127], [-127, 0]], None, (1 + 2 + 1) / 3),
        ([[127, 0], [127, 0]], None, 0.0),
        ([[127, 0], [0, 127], [-127, 0]], 2, 1.0),
        ([[127, 0]], None, NAN),
    ],
)
def test_intra_list_distance(vectors: list[list[int]], k: int | None, expected: float) -> None:
    distance = metrics.intra_list_distance(np.array(vectors, dtype=np.int8), k=k)
    assert distance == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_mean_over_queries_of_nothing_known_is_unknown() -> None:
    assert math.isnan(metrics.mean_over_queries([NAN]))
    assert math.isnan(metrics.mean_over_queries([]))


@pytest.mark.parametrize(
    "metric",
    [
        metrics.ndcg,
        metrics.recall,
        metrics.precision,
        metrics.success,
        metrics.reciprocal_rank,
        metrics.average_precision,
    ],
)
@given(
    grades=st.lists(st.integers(0, 4), min_size=1, max_size=30),
    left_out=st.lists(st.integers(0, 4), max_size=5),
    k=st.integers(1, 40),
)
@settings(deadline=None)
def test_bounds_and_best_order(
    metric: Metric, grades: list[int], left_out: list[int], k: int
) -> None:
    judged = grades + left_out
    value = metric(grades, judged, k=k)
    best = metric(sorted(judged, reverse=True), judged, k=k)
    if max(judged) == 0:
        assert math.isnan(value)
    else:
        assert -1e-12 <= value <= best + 1e-12 <= 1 + 2e-12
    if metric in {metrics.ndcg, metrics.average_precision} and max(judged) > 0:
        assert best == pytest.approx(1.0)
