"""The views that answer are enough; those that do not are named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from server.deadline import Deadline
from server.errors import DeadlineExceeded, Unavailable
from server.retrieval.protocol import Searched, View, ViewHits, ViewQuery
from server.retrieval.views import search_views
from server.stages import FallbackUsed, StageClock

AWAY = Unavailable("away", reason="AWAY")
LATE = DeadlineExceeded("late", reason="LATE")


class Index:
    """Gives what it is told to give for each view."""

    def __init__(self, outcomes: dict[View, Searched]) -> None:
        self.outcomes = outcomes

    def search_views(self, queries: Sequence[ViewQuery], **_: object) -> list[Searched]:
        return [self.outcomes[query.view] for query in queries]


class Nobody:
    def stage(self, name: str, seconds: float) -> None:
        raise AssertionError(name)

    def fallback(self, used: FallbackUsed) -> None:
        assert used.stage == "retrieve"


def hits(view: View) -> ViewHits:
    return ViewHits(view=view, ids=("a",), similarities=np.ones(1, np.float32))


def search(outcomes: dict[View, Searched], clock: StageClock) -> list[ViewHits]:
    return search_views(
        Index(outcomes),  # type: ignore[arg-type] # all of an index that is asked
        [ViewQuery(view=view) for view in outcomes],
        limit=1,
        filter_tree=None,
        clock=clock,
        deadline=Deadline.never(),
    )


def test_views_that_failed_are_left_out_and_named() -> None:
    clock = StageClock(Nobody())
    found = search({View.TEXT: LATE, View.IMAGE: hits(View.IMAGE), View.LEXICAL: AWAY}, clock)
    assert [each.view for each in found] == [View.IMAGE]
    assert clock.fallbacks == [
        FallbackUsed(stage="retrieve", used="without_text_view", reason="LATE"),
        FallbackUsed(stage="retrieve", used="without_lexical_view", reason="AWAY"),
    ]


def test_all_views_keep_their_order() -> None:
    clock = StageClock(Nobody())
    assert [each.view for each in search({view: hits(view) for view in View}, clock)] == list(View)
    assert clock.fallbacks == []


def test_the_first_error_is_told_where_no_view_answered() -> None:
    with pytest.raises(DeadlineExceeded) as caught:
        search({View.TEXT: LATE, View.IMAGE: AWAY}, StageClock(Nobody()))
    assert caught.value is LATE


def test_no_view_asked_finds_nothing() -> None:
    assert search({}, StageClock(Nobody())) == []
