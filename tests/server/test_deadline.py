"""A deadline is a moment, not a duration."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from server.deadline import Cancellation, Deadline
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
    share = budgets.for_retrieval(Deadline.after(1_000)).remaining_seconds()
    assert 400 < share <= 500
    assert budgets.for_retrieval(Deadline.never()) == Deadline.never()


@pytest.mark.parametrize(("left", "ranks", "varies"), [(100.0, True, True), (0.0, False, False)])
def test_reserves_decide_what_still_runs(left: float, ranks: bool, varies: bool) -> None:  # noqa: FBT001 - a table row
    budgets = Budgets(rank_reserve_seconds=0.5, diversify_reserve_seconds=0.5)
    deadline = Deadline.after(left)
    assert budgets.allows_ranking(deadline) is ranks
    assert budgets.allows_diversifying(deadline) is varies


def test_everyone_who_asked_hears_once_that_the_caller_left() -> None:
    cancellation, heard = Cancellation(), list[str]()
    cancellation.on_cancel(lambda: heard.append("early"))
    forget = cancellation.on_cancel(lambda: heard.append("forgotten"))
    forget()
    forget()
    cancellation.cancel()
    cancellation.cancel()
    cancellation.on_cancel(lambda: heard.append("late"))
    assert heard == ["early", "late"]


def test_a_callback_may_forget_others_and_itself() -> None:
    cancellation, forgets = Cancellation(), list[Callable[[], None]]()
    for _ in range(2):
        forgets.append(cancellation.on_cancel(lambda: [forget() for forget in forgets]))
    cancellation.cancel()
    assert cancellation.cancelled


def test_every_callback_is_heard_whichever_thread_cancels_when() -> None:
    for _ in range(50):
        cancellation, heard = Cancellation(), list[int]()
        leaving = threading.Thread(target=cancellation.cancel, daemon=True)
        leaving.start()
        for place in range(20):
            cancellation.on_cancel(partial(heard.append, place))
        leaving.join()
        assert sorted(heard) == list(range(20))


def test_no_time_is_left_once_the_caller_has_left() -> None:
    deadline = Deadline.after(600, cancellation=Cancellation())
    share = deadline.within(300)
    assert deadline.remaining_seconds() > 500
    assert 200 < share.remaining_seconds() <= 300
    share.check("ranking")
    assert deadline.cancellation is not None
    deadline.cancellation.cancel()
    assert (deadline.timeout_seconds(), share.remaining_seconds()) == (0, 0)
    with pytest.raises(DeadlineExceeded) as caught:
        share.check("ranking")
    assert (caught.value.reason, caught.value.facts) == ("CALLER_LEFT", {"stage": "ranking"})


def test_within_never_lasts_longer_than_the_whole() -> None:
    whole = Deadline.after(1)
    assert whole.within(60) == whole
    assert Deadline.never().within(float("inf")).timeout_seconds() is None
