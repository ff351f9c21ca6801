"""The rankers without a model."""

from collections.abc import Callable

import numpy as np
import pytest

from ranker.baseline import RetrievalOrder, Rules
from ranker.columns import CandidateColumns, QueryFacts
from ranker.protocol import Ranker

NAN = float("nan")


def test_retrieval_order_keeps_the_order(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    ranker: Ranker = RetrievalOrder()
    matrix = ranker.features(query(), candidates(3, retrieval_score=[0.9, 0.4, NAN]))
    scores = ranker.score(matrix)
    assert ranker.id == "retrieval"
    assert np.isfinite(scores).all()
    assert np.argsort(-scores).tolist() == [0, 1, 2]
    assert scores[:2].tolist() == pytest.approx([0.9, 0.4])


def test_rules_by_hand(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    ranker: Ranker = Rules()
    shop = candidates(
        3,
        retrieval_score=[0.9, 0.6, 0.4],
        units_30_days=[5, 50, NAN],
        price=[10, 30, 20],
        stock=[0, 3, NAN],
    )
    matrix = ranker.features(query(), shop)
    # Likeness, then the shares that sold less and that cost more, then stock; unknown is 0.5.
    expected = [
        1.0 * 1 + 0.1 * 0 + 0.05 * 2 / 3 + 0.2 * 0,
        1.0 * 0.4 + 0.1 * 1 / 3 + 0.05 * 0 + 0.2 * 1,
        1.0 * 0 + 0.1 * 0.5 + 0.05 * 1 / 3 + 0.2 * 0.5,
    ]
    assert ranker.score(matrix).tolist() == pytest.approx(expected)
    assert ranker.contributions(matrix)["stock"].tolist() == pytest.approx([0, 0.2, 0.1])


@pytest.mark.parametrize("ranker", [RetrievalOrder(), Rules()], ids=lambda ranker: ranker.id)
@pytest.mark.parametrize("count", [0, 1, 30])
def test_contributions_add_up(
    ranker: Ranker,
    count: int,
    request_of: Callable[[int, int], tuple[QueryFacts, CandidateColumns]],
) -> None:
    matrix = ranker.features(*request_of(3, count))
    scores = ranker.score(matrix)
    parts = ranker.contributions(matrix)
    assert scores.shape == (count,)
    assert scores.dtype == np.float32
    assert "bias" in parts
    np.testing.assert_allclose(sum(parts.values()), scores, atol=1e-4)
