"""Exact search over blocks agrees with one sort over all, and recall counts shares of it."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.scale.exact import ExactEngine, nearest, recall
from benchmarks.scale.opened import LIMIT
from benchmarks.scale.vectors import BLOCK_ROWS, ShopVectors

SHOP = ShopVectors(captions=np.eye(4, 8, dtype=np.float32), products=BLOCK_ROWS + 300)
QUERIES = np.eye(3, 8, dtype=np.float32)


def test_nearest_is_what_one_sort_over_all_gives() -> None:
    scores = QUERIES @ np.concatenate([block for _, block in SHOP.blocks()]).T
    assert np.array_equal(
        nearest(SHOP, QUERIES, limit=7), np.argsort(-scores, axis=1, kind="stable")[:, :7]
    )


def test_nearest_of_few_products_is_all_of_them() -> None:
    few = ShopVectors(captions=SHOP.captions, products=3)
    assert sorted(nearest(few, QUERIES)[0].tolist()) == [0, 1, 2]


@pytest.mark.parametrize(
    ("found", "at", "share"),
    [
        ([["0000001", "0000002"]], 2, 1.0),
        ([["0000002", "0000001"]], 2, 1.0),
        ([["0000002", "0000001"]], 1, 0.0),
        ([["0000001"]], 2, 0.5),
        ([[]], 2, 0.0),
    ],
)
def test_recall_is_the_share_of_the_true_first(
    found: list[list[str]], at: int, share: float
) -> None:
    assert recall(found, np.array([[1, 2, 3]]), at=at) == share


def test_recall_is_the_mean_over_queries() -> None:
    assert recall([["0000001"], ["0000009"]], np.array([[1], [2]]), at=1) == 0.5


def test_the_engine_gives_what_is_nearest(tmp_path: Path) -> None:
    with ExactEngine().session(tmp_path / "exact") as session:
        session.build(SHOP)
        index = session.open(SHOP.products)
    truth = nearest(SHOP, QUERIES)
    found = [index.search(query) for query in QUERIES]
    assert [len(ids) for ids in found] == [LIMIT] * 3
    assert recall(found, truth, at=10) == 1.0
    assert found[0][0] == f"{truth[0][0]:07d}"
    assert index.memory_mb == pytest.approx(SHOP.products * 8 * 4 / 1e6)
