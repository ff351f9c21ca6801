"""Trials within a search: signals and features taken as other than they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranker.baseline import Rules
from ranker.columns import Float32Array
from server.deadline import Deadline
from server.errors import InvalidRequest
from server.query import RankingMode, SearchResult, SignalChange
from server.stages import FallbackUsed
from tests.server.pipeline.conftest import Make
from tests.server.pipeline.parts import asked, words_of
from tests.server.pipeline.test_fallbacks import Broken

QUERY = asked(words_of("mug"), mode=RankingMode.RULES)


def _scores(result: SearchResult) -> dict[str, float]:
    return {hit.product_id: hit.score for hit in result.hits}


def test_overruled_features_are_those_of_whoever_orders(make: Make) -> None:
    """Likeness 1, sales unknown .5, cheapness by hand, stock overruled to 0."""
    plain = _scores(make().search(QUERY, deadline=Deadline.never()))
    trial = replace(QUERY, feature_overrides={"in_stock": 0.0})
    found = _scores(make().search(trial, deadline=Deadline.never()))
    # The lamp is sold out, stock of the others is not known: half of .2 is gone.
    assert found["lamp"] == pytest.approx(plain["lamp"])
    assert found["mug"] == pytest.approx(plain["mug"] - 0.1)
    trial = replace(QUERY, mode=RankingMode.RETRIEVAL, feature_overrides={"retrieval_score": 0.5})
    assert set(_scores(make().search(trial, deadline=Deadline.never())).values()) == {0.5}


def test_a_feature_that_the_served_ranker_has_not(make: Make) -> None:
    trial = replace(QUERY, mode=RankingMode.MODEL, feature_overrides={"likenes": 1.0})
    with pytest.raises(InvalidRequest, match="did you mean likeness") as caught:
        make(Rules()).search(trial, deadline=Deadline.never())
    assert caught.value.reason == "FEATURE_UNKNOWN"


def test_overrides_are_left_out_where_the_ranker_fell_back(make: Make) -> None:
    trial = replace(QUERY, mode=RankingMode.MODEL, feature_overrides={"price_level": 1.0})
    trial_result = make(Narrow()).search(trial, deadline=Deadline.never())
    assert trial_result.ranker == "retrieval"


class Narrow(Broken):
    """Takes the schema's names, and fails."""

    def features(self, query: object, candidates: object) -> Float32Array:
        return np.zeros((4, 100), np.float32)


class Unfinite(Rules):
    """Gives a score that is no number."""

    def score(self, matrix: Float32Array) -> Float32Array:
        return np.full(len(matrix), np.nan, np.float32)


def test_scores_that_are_no_numbers_are_not_served(make: Make) -> None:
    query = replace(QUERY, mode=RankingMode.MODEL)
    result = make(Unfinite()).search(query, deadline=Deadline.never())
    assert result.fallbacks == (
        FallbackUsed(stage="rank", used="retrieval_order", reason="SCORE_NOT_FINITE"),
    )
    assert all(np.isfinite(hit.score) for hit in result.hits)


def test_changed_signals_move_products_but_not_the_filter(make: Make) -> None:
    plain = _scores(make().search(QUERY, deadline=Deadline.never()))
    change = SignalChange(product_id="lamp", stock=5)
    found = _scores(
        make().search(replace(QUERY, signal_changes=(change,)), deadline=Deadline.never())
    )
    assert found["lamp"] == pytest.approx(plain["lamp"] + 0.2)
    assert found["mug"] == pytest.approx(plain["mug"])
