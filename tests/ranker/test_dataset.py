"""Queries assembled into one matrix, and split without parting translations."""

from collections.abc import Callable

import numpy as np
import pytest

from ranker.columns import CandidateColumns, QueryFacts
from ranker.dataset import JudgedQuery, assemble, split_by_query
from ranker.errors import RankingError
from ranker.features.schema import FEATURES, compute

RequestMaker = Callable[[int, int], tuple[QueryFacts, CandidateColumns]]


@pytest.fixture
def judged(request_of: RequestMaker) -> Callable[..., JudgedQuery]:
    def make(seed: int, grades: list[float], key: str = "") -> JudgedQuery:
        query, candidates = request_of(seed, len(grades))
        return JudgedQuery(query=query, candidates=candidates, grades=np.array(grades), key=key)

    return make


def test_rows_labels_and_sizes_line_up(judged: Callable[..., JudgedQuery]) -> None:
    queries = [judged(1, [0, 4, 1]), judged(2, []), judged(3, [2])]
    dataset = assemble(queries)
    assert dataset.matrix.shape == (4, len(FEATURES))
    assert dataset.matrix.dtype == np.float32
    assert dataset.labels.tolist() == [0, 4, 1, 2]
    assert dataset.sizes.tolist() == [3, 0, 1]
    assert dataset.groups() == [slice(0, 3), slice(3, 3), slice(3, 4)]
    expected = compute(queries[0].query, queries[0].candidates)
    np.testing.assert_array_equal(dataset.matrix[:3], expected)


def test_no_queries() -> None:
    dataset = assemble([])
    assert dataset.matrix.shape == (0, len(FEATURES))
    assert dataset.groups() == []


@pytest.mark.parametrize("grades", [[0, 5], [-1, 0], [0.5, 1], [float("nan"), 1]])
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_refuses_what_is_no_grade(judged: Callable[..., JudgedQuery], grades: list[float]) -> None:
    with pytest.raises(RankingError, match="whole grades"):
        assemble([judged(1, grades)])


def test_refuses_another_number_of_grades(request_of: RequestMaker) -> None:
    query, candidates = request_of(1, 3)
    with pytest.raises(RankingError, match="one each"):
        assemble([JudgedQuery(query=query, candidates=candidates, grades=np.zeros(2, np.int32))])


def test_split_keeps_equal_keys_together(judged: Callable[..., JudgedQuery]) -> None:
    queries = [judged(place, [1], key=f"question {place // 2}") for place in range(20)]
    kept, held_out = split_by_query(queries, held_out_share=0.3, seed=5)
    assert len(kept) + len(held_out) == 20
    assert len({query.key for query in held_out}) == 3
    assert not {query.key for query in kept} & {query.key for query in held_out}


def test_queries_without_key_stand_alone(judged: Callable[..., JudgedQuery]) -> None:
    kept, held_out = split_by_query(
        [judged(place, [1]) for place in range(10)], held_out_share=0.01, seed=5
    )
    assert (len(kept), len(held_out)) == (9, 1)


@pytest.mark.parametrize(("count", "share"), [(1, 0.5), (0, 0.5), (5, 0.0), (5, 1.0)])
def test_split_refuses(judged: Callable[..., JudgedQuery], count: int, share: float) -> None:
    with pytest.raises(RankingError):
        split_by_query([judged(i, [1]) for i in range(count)], held_out_share=share, seed=1)
