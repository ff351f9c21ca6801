"""What was served is what is computed, and every bit that is not is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.features.schema import FEATURES, compute
from ranker.parity import SCORE_TOLERANCE, Comparison, compare
from ranker.protocol import Ranker
from ranker.train import TrainedRanker

Request = tuple[QueryFacts, CandidateColumns]
RequestMaker = Callable[[int, int], Request]

RETRIEVAL_Z = next(i for i, each in enumerate(FEATURES) if each.name == "retrieval_z")


def compared(
    request: Request,
    *,
    matrix: Float32Array | None = None,
    scores: Float32Array | None = None,
    ranker: Ranker | None = None,
) -> Comparison:
    served = compute(*request) if matrix is None else matrix
    given = np.zeros(len(served), dtype=np.float32) if scores is None else scores
    return compare(*request, matrix=served, scores=given, ranker=ranker)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_columns_give_the_same_bits(request_of: RequestMaker, seed: int) -> None:
    found = compared(request_of(seed, 30))
    assert found == Comparison(rows=30, values=0, scores=None)
    assert found.same


def test_one_bit_is_found(request_of: RequestMaker) -> None:
    request = request_of(2, 9)
    matrix = compute(*request)
    was = matrix[4, RETRIEVAL_Z]
    matrix[4, RETRIEVAL_Z] = np.nextafter(was, np.float32(np.inf))
    found = compared(request, matrix=matrix)
    assert (found.same, found.values) == (False, 1)
    assert found.first is not None
    assert (found.first.feature, found.first.row) == ("retrieval_z", 4)
    assert found.first.served > found.first.computed == was


def test_a_price_of_another_moment_is_found(request_of: RequestMaker) -> None:
    query, candidates = request_of(2, 9)
    dearer = replace(candidates, price=candidates.price * np.float32(1.5))
    found = compare(
        query,
        candidates,
        matrix=compute(query, dearer),
        scores=np.zeros(9, dtype=np.float32),
        ranker=None,
    )
    assert not found.same


def test_known_then_unknown_now_differs(request_of: RequestMaker) -> None:
    request = request_of(2, 9)
    matrix = compute(*request)
    matrix[0, RETRIEVAL_Z] = np.nan
    assert compared(request, matrix=matrix).values == 1


@pytest.mark.parametrize("shape", [(8, len(FEATURES)), (9, len(FEATURES) - 1)])
def test_a_matrix_of_another_shape_differs(
    request_of: RequestMaker, shape: tuple[int, int]
) -> None:
    found = compared(request_of(2, 9), matrix=np.zeros(shape, dtype=np.float32))
    assert found.first is not None
    assert found.first.feature == "shape"


@pytest.mark.parametrize(
    ("off_by", "differing"), [(0.0, 0), (SCORE_TOLERANCE / 4, 0), (1e-3, 1), (np.nan, 1)]
)
def test_scores_of_the_version_that_served(
    request_of: RequestMaker, trained: TrainedRanker, off_by: float, differing: int
) -> None:
    request, ranker = request_of(4, 12), trained.ranker()
    scores = ranker.score(compute(*request))
    scores[7] += np.float32(off_by)
    found = compared(request, scores=scores, ranker=ranker)
    assert (found.values, found.scores) == (0, differing)
    assert found.same is (differing == 0)
    if differing:
        assert found.first is not None
        assert (found.first.feature, found.first.row) == ("score", 7)
    else:
        assert found.farthest <= SCORE_TOLERANCE


def test_a_search_without_candidates(request_of: RequestMaker) -> None:
    assert compared(request_of(1, 0), ranker=None) == Comparison(rows=0, values=0, scores=None)
