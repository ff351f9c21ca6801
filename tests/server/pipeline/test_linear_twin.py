"""Where the trees fail their linear twin answers, and says so; where it fails too, retrieval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.errors import RankingError
from ranker.explain import FEATURE_NAMES
from ranker.features.schema import compute
from ranker.linear import LinearRanker, Standardisation
from ranker.protocol import Ranker
from server.deadline import Deadline
from server.degrade import Budgets
from server.explanation import AskedExplanation
from server.stages import FallbackUsed
from tests.server.pipeline.conftest import Make, Parts
from tests.server.pipeline.parts import asked, words_of

QUERY = asked(words_of("mug"), variety=0.0)
WIDTH = len(FEATURE_NAMES)
PRICE = FEATURE_NAMES.index("price_level")


def dearest_first(weight: float = 1.0) -> LinearRanker:
    """A twin that looks at the price alone."""
    weights = np.zeros(WIDTH, np.float32)
    weights[PRICE] = weight
    even = Standardisation(means=np.zeros(WIDTH, np.float32), scales=np.ones(WIDTH, np.float32))
    return LinearRanker(weights, standardisation=even, named="trees@abc/linear")


class Trees:
    """A ranker of the schema's features whose trees fail, with a twin."""

    id = "trees@abc"

    def __init__(self, twin: Ranker | None, *, gives: float | None = None) -> None:
        self.twin = twin
        self._gives = gives

    def features(self, query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
        return compute(query, candidates)

    def score(self, matrix: Float32Array) -> Float32Array:
        if self._gives is None:
            raise RankingError("the trees fail", reason="MODEL_FAILED")
        return np.full(len(matrix), self._gives, np.float32)

    def contributions(self, matrix: Float32Array) -> dict[str, Float32Array]:
        raise RankingError("the trees fail", reason="MODEL_FAILED")


@pytest.mark.parametrize(
    ("trees", "reason"),
    [
        pytest.param(Trees(dearest_first()), "MODEL_FAILED", id="raises"),
        pytest.param(Trees(dearest_first(), gives=np.nan), "SCORE_NOT_FINITE", id="no number"),
    ],
)
def test_the_twin_answers_and_is_named(make: Make, trees: Trees, reason: str) -> None:
    result = make(trees).search(QUERY, deadline=Deadline.never())
    assert [hit.product_id for hit in result.hits][:: len(result.hits) - 1] == ["lamp", "mug"]
    assert result.ranker == "trees@abc/linear"
    assert result.fallbacks == (FallbackUsed(stage="rank", used="linear_twin", reason=reason),)


@pytest.mark.parametrize(
    "twin", [None, Trees(None), Trees(None, gives=np.inf)], ids=["none", "raises", "no number"]
)
def test_without_a_twin_that_answers_it_is_retrieval_order(make: Make, twin: Ranker | None) -> None:
    result = make(Trees(twin)).search(QUERY, deadline=Deadline.never())
    assert result.hits[0].product_id == "mug"
    assert result.ranker == "retrieval"
    assert result.fallbacks == (
        FallbackUsed(stage="rank", used="retrieval_order", reason="MODEL_FAILED"),
    )


def test_trees_that_answer_need_no_twin(make: Make) -> None:
    result = make(Trees(dearest_first(), gives=0.5)).search(QUERY, deadline=Deadline.never())
    assert (result.ranker, result.fallbacks) == ("trees@abc", ())


def test_without_time_it_is_retrieval_order(make: Make) -> None:
    tight = make(Trees(dearest_first()), budgets=Budgets(rank_reserve_seconds=60))
    result = tight.search(QUERY, deadline=Deadline.after(30))
    assert result.ranker == "retrieval"
    assert [(each.used, each.reason) for each in result.fallbacks] == [
        ("retrieval_order", "DEADLINE")
    ]


def test_overrides_hold_for_the_twin(make: Make) -> None:
    query = asked(words_of("mug"), variety=0.0, feature_overrides={"price_level": 3.0})
    result = make(Trees(dearest_first(weight=0.5))).search(query, deadline=Deadline.never())
    assert {hit.score for hit in result.hits} == {1.5}


def test_the_twin_explains_itself(make_parts: Callable[..., Parts]) -> None:
    explained = make_parts(Trees(dearest_first())).explainer.explain(
        QUERY, AskedExplanation(product_id="lamp"), deadline=Deadline.never()
    )
    assert explained.ranker == "trees@abc/linear"
    product = explained.product
    assert product.score > 0
    assert product.contributions["price"] == pytest.approx(product.score)
    assert sum(product.contributions.values()) == pytest.approx(product.score)
    assert [each.name for each in product.features] == ["price_level"]
    assert product.features[0].contribution == pytest.approx(product.score)
