"""A deadline is a moment, not a duration."""

from __future__ import annotations

import time

import pytest

from server.deadline import Deadline
from server.degrade import Budgets
from server.errors import DeadlineExceeded

PAST = Deadline(at_seconds=time.monotonic() - 1)


def test_a_passed_deadline_has_nothing_left_and_names_the_stage() -> None:
    assert PAST.remaining_seconds() == 0
    assert PAST.timeout_seconds() == 0
    assert not PAST.allows(0.001)
    with pytest.raises(DeadlineExceeded) as caught:
        PAST.check("ranking")
    assert caught.value.facts == {"stage": "ranking"}


def test_never_allows_everything_and_blocks_without_timeout() -> None:
    assert Deadline.never().allows(1e9)
    assert Deadline.never().timeout_seconds() is None
    Deadline.never().check("anything")


def test_retrieval_gets_its_share_and_leaves_the_rest() -> None:
    budgets = Budgets(retrieve_share=0.5)
    share = budgets.for_retrieval(Deadline.after(100)).remaining_seconds()
    assert 49 < share <= 50
    assert budgets.for_retrieval(Deadline.never()) == Deadline.never()


@pytest.mark.parametrize(("left", "ranks", "varies"), [(1.0, True, True), (0.0, False, False)])
def test_reserves_decide_what_still_runs(left: float, ranks: bool, varies: bool) -> None:  # noqa: FBT001 - a table row
    budgets = Budgets(rank_reserve_seconds=0.5, diversify_reserve_seconds=0.5)
    deadline = Deadline.after(left)
    assert budgets.allows_ranking(deadline) is ranks
    assert budgets.allows_diversifying(deadline) is varies
