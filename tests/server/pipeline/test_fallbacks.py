"""What a request falls back to, and that it says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest

from ranker.baseline import RetrievalOrder
from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.errors import RankingError
from server.deadline import Deadline
from server.degrade import Budgets
from server.errors import DeadlineExceeded, Unavailable
from server.retrieval.protocol import Searched, VectorIndex, View, ViewQuery
from server.stages import FallbackUsed
from tests.server.ingest.shop_parts import Shop
from tests.server.pipeline.conftest import Make
from tests.server.pipeline.parts import ONLY_LIKENESS, asked, words_of


class Broken:
    """A ranker whose model fails."""

    id = "broken"

    def features(self, query: QueryFacts, candidates: CandidateColumns) -> Float32Array:
        return np.zeros((len(candidates), 1), np.float32)

    def score(self, matrix: Float32Array) -> Float32Array:
        raise RankingError("the model is broken", reason="MODEL_FAILED")

    def contributions(self, matrix: Float32Array) -> dict[str, Float32Array]:
        raise RankingError("the model is broken", reason="MODEL_FAILED")


class FailingViews:
    """An index some of whose views fail."""

    def __init__(
        self, index: VectorIndex, failures: Mapping[View, Unavailable | DeadlineExceeded]
    ) -> None:
        self._index = index
        self._failures = failures
        self.name = index.name
        self.dimension = index.dimension

    def search_views(self, queries: Sequence[ViewQuery], **options: object) -> list[Searched]:
        found = self._index.search_views(queries, **options)  # type: ignore[arg-type]
        return [
            self._failures.get(query.view, each) for query, each in zip(queries, found, strict=True)
        ]


def test_a_broken_model_gives_retrieval_order_and_says_so(make: Make) -> None:
    query = asked(words_of("mug"))
    result = make(Broken()).search(query, deadline=Deadline.never())
    plain = make().search(replace(query, **ONLY_LIKENESS), deadline=Deadline.never())  # type: ignore[arg-type]
    assert [hit.product_id for hit in result.hits] == [hit.product_id for hit in plain.hits]
    assert result.ranker == RetrievalOrder().id
    assert result.fallbacks == (
        FallbackUsed(stage="rank", used="retrieval_order", reason="MODEL_FAILED"),
    )


def test_no_time_to_rank_gives_retrieval_order_and_says_so(make: Make) -> None:
    tight = make(
        budgets=Budgets(rank_reserve_seconds=60, diversify_reserve_seconds=60), variety=0.5
    )
    result = tight.search(asked(words_of("mug")), deadline=Deadline.after(30))
    assert result.hits[0].product_id == "mug"
    assert [(each.stage, each.reason) for each in result.fallbacks] == [
        ("rank", "DEADLINE"),
        ("diversify", "DEADLINE"),
    ]


def test_a_passed_deadline_is_an_error_not_an_answer(make: Make) -> None:
    with pytest.raises(DeadlineExceeded):
        make().search(asked(words_of("mug")), deadline=Deadline.after(0))


@pytest.fixture
def broken_views(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def break_views(*views: View) -> None:
        catalog = shop.catalog()
        failures = {view: Unavailable("away", reason="ENGINE_AWAY") for view in views}
        failing = replace(catalog, index=FailingViews(catalog.index, failures))  # type: ignore[arg-type]
        served = (failing, shop.encoder)
        monkeypatch.setattr(shop.catalogs, "serving", lambda _: nullcontext(served))

    return break_views


@pytest.mark.parametrize("view", [View.TEXT, View.IMAGE, View.LEXICAL])
def test_a_view_that_fails_is_left_out_and_named(
    make: Make, broken_views: Callable[..., None], view: View
) -> None:
    broken_views(view)
    result = make().search(asked(words_of("tee-red")), deadline=Deadline.never())
    assert result.hits
    assert result.fallbacks == (
        FallbackUsed(stage="retrieve", used=f"without_{view}_view", reason="ENGINE_AWAY"),
    )


def test_no_view_at_all_is_an_error(make: Make, broken_views: Callable[..., None]) -> None:
    broken_views(*View)
    with pytest.raises(Unavailable) as caught:
        make().search(asked(words_of("tee-red")), deadline=Deadline.never())
    assert caught.value.reason == "ENGINE_AWAY"
