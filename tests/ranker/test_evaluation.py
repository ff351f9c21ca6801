"""Rankers side by side: every measure worked by hand, and comparisons that pair queries."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ranker.baseline import RetrievalOrder
from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.errors import RankingError
from ranker.evaluation import Case, evaluate, expected_worth

Candidates = Callable[..., CandidateColumns]
Query = Callable[..., QueryFacts]


class Backwards(RetrievalOrder):
    """Retrieval order turned round."""

    def score(self, matrix: Float32Array) -> Float32Array:
        scores: Float32Array = -matrix[:, 0]
        return scores


@pytest.fixture
def case(candidates: Candidates, query: Query) -> Case:
    """Three candidates of grades 2, 0, 1 with orthogonal, equal, orthogonal vectors; one missed."""
    columns = candidates(3, price=[10.0, 20.0, 40.0], stock=[1.0, 1.0, 0.0])
    vectors = np.array([[127, 0, 0, 0], [127, 0, 0, 0], [0, 127, 0, 0]], np.int8)
    grades = np.array([2, 0, 1], np.int32)
    columns = replace(columns, vectors=vectors)
    return Case(
        query=query(),
        candidates=columns,
        products=("a", "b", "c"),
        grades=grades,
        missed=(1,),
        worth=expected_worth(grades, columns, best_grade=2),
    )


def test_every_measure_of_retrieval_order_and_of_it_turned_round(case: Case) -> None:
    found = evaluate([case], {"backwards": Backwards()}, k=2, catalogue=4, resamples=50)
    assert list(found) == ["retrieval", "rules", "shuffle", "backwards"]
    best = 3 + 1 / math.log2(3)
    # Shown a, b: gains 3 and 0; of three relevant products one, at place 1.
    assert found["retrieval"].means == pytest.approx(
        {
            "ndcg@2": 3 / best,
            "map": (1 + 2 / 3) / 3,
            "mrr": 1.0,
            "recall@2": 1 / 3,
            "precision@2": 1 / 2,
            "f1@2": 0.4,
            "distance@2": 0.0,
            "revenue@2": 10 * 3 / 4,
        },
        abs=1e-6,
    )
    # Shown c, b: gains 1 and 0; c is sold out and brings nothing.
    assert found["backwards"].means == pytest.approx(
        {
            "ndcg@2": 1 / best,
            "map": (1 + 2 / 3) / 3,
            "mrr": 1.0,
            "recall@2": 1 / 3,
            "precision@2": 1 / 2,
            "f1@2": 0.4,
            "distance@2": 1.0,
            "revenue@2": 0.0,
        },
        abs=1e-6,
    )
    assert found["retrieval"].coverage == 0.5
    assert found["retrieval"].over_retrieval == {}


def test_differences_are_taken_within_queries(case: Case) -> None:
    # One query is ten times as worthy; the difference is the same share of it in each.
    rich = replace(case, worth=case.worth * 10)
    found = evaluate([case, rich] * 20, {"backwards": Backwards()}, k=2, catalogue=4, seed=3)
    over = found["backwards"].over_retrieval
    assert over["ndcg@2"].mean == pytest.approx(-2 / (3 + 1 / math.log2(3)))
    # The same in every query, so no resample can move it.
    assert over["ndcg@2"].low == pytest.approx(over["ndcg@2"].high)
    assert over["revenue@2"].mean == pytest.approx(-(7.5 + 75) / 2)
    assert over["revenue@2"].low < over["revenue@2"].mean < over["revenue@2"].high < 0


def test_a_query_without_relevant_products_counts_for_distance_alone(case: Case) -> None:
    nothing = replace(case, grades=np.zeros(3, np.int32), missed=(), worth=np.zeros(3))
    found = evaluate([case, nothing], {}, k=2, catalogue=4, resamples=50)
    alone = evaluate([case], {}, k=2, catalogue=4, resamples=50)
    assert found["retrieval"].means["ndcg@2"] == alone["retrieval"].means["ndcg@2"]
    assert found["retrieval"].means["revenue@2"] == alone["retrieval"].means["revenue@2"] / 2


def test_an_empty_list_counts_nothing_and_covers_nothing(
    case: Case, candidates: Candidates
) -> None:
    empty = replace(
        case,
        candidates=candidates(0),
        products=(),
        grades=np.empty(0, np.int32),
        worth=np.empty(0),
    )
    found = evaluate([empty], {"backwards": Backwards()}, k=2, catalogue=4, resamples=50)
    for standing in found.values():
        assert standing.means["ndcg@2"] == standing.means["revenue@2"] == standing.coverage == 0
        assert math.isnan(standing.means["distance@2"])


def test_the_shuffle_is_the_seeds(case: Case, candidates: Candidates) -> None:
    columns = candidates(30)
    grades = np.arange(30, dtype=np.int32) % 5
    long = replace(
        case,
        candidates=columns,
        products=tuple(map(str, range(30))),
        grades=grades,
        worth=np.zeros(30),
    )
    shuffled = [
        evaluate([long] * 8, {}, catalogue=30, seed=seed, resamples=50)["shuffle"].means["ndcg@10"]
        for seed in (1, 1, 2)
    ]
    assert shuffled[0] == shuffled[1] != shuffled[2]


def test_what_a_product_is_worth(candidates: Candidates) -> None:
    columns = candidates(
        5, price=[10.0, 10.0, 10.0, math.nan, 10.0], stock=[1.0, 0.0, math.nan, 1.0, 1.0]
    )
    worth = expected_worth(np.array([4, 4, 4, 4, 1], np.int32), columns, best_grade=4)
    # 15 / 16 of the price; nothing sold out or of unknown price; unknown stock is taken as stock.
    assert worth.tolist() == [9.375, 0.0, 9.375, 0.0, 0.625]


@pytest.mark.parametrize(
    ("cases", "rankers", "k", "catalogue"),
    [(0, {}, 10, 4), (1, {"rules": Backwards()}, 10, 4), (1, {}, 0, 4), (1, {}, 10, 0)],
)
def test_what_cannot_be_evaluated_is_refused(
    case: Case, cases: int, rankers: dict[str, RetrievalOrder], k: int, catalogue: int
) -> None:
    with pytest.raises(RankingError, match="cannot be evaluated"):
        evaluate([case] * cases, rankers, k=k, catalogue=catalogue)
