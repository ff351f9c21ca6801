"""The check of the harness fails on a harness that is broken."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.load.arrivals import constant, in_order, in_turn
from benchmarks.load.marks import schedule_mark
from benchmarks.load.measured import MeasuredRound
from benchmarks.selfcheck import (
    STALL_SECONDS,
    Finding,
    beyond_findings,
    closed_findings,
    open_findings,
    table_findings,
)


def stalled() -> MeasuredRound:
    """Three seconds at a hundred a second, of which the second one stands still."""
    plan = in_order(constant(100.0, seconds=3.0), questions=1)
    due = plan.due_seconds
    during = (due >= 1.0) & (due < 1.0 + STALL_SECONDS)
    done = np.where(during, 1.0 + STALL_SECONDS, due) + 0.001
    return MeasuredRound(
        plan=plan, sent_seconds=due, done_seconds=done, statuses=("OK",) * 300,
        replies=(b"",) * 300, started_at=0.0,
    )  # fmt: skip


def wrong(findings: list[Finding]) -> list[str]:
    return [each.what for each in findings if not each.right]


def test_a_harness_that_works_passes() -> None:
    assert not wrong(list(open_findings(stalled())))
    assert not wrong(list(table_findings()))


def test_one_that_waits_for_the_stall_before_it_sends_is_found() -> None:
    """Coordinated omission: what was due during the stall is sent after it, and looks quick."""
    measured = stalled()
    quick = measured.plan.due_seconds + 0.001
    assert len(wrong(list(open_findings(replace(measured, done_seconds=quick))))) == 2


def test_one_that_loses_requests_is_found() -> None:
    measured = stalled()
    lost = replace(measured, statuses=("OK",) * 299 + ("UNANSWERED",))
    assert len(wrong(list(open_findings(lost)))) == 1


def test_one_that_does_not_see_its_own_limit_is_found() -> None:
    plan = in_order(constant(1e6, seconds=0.001), questions=1)
    sent = np.array([0.0, 0.1])
    measured = MeasuredRound(
        plan=plan, sent_seconds=sent, done_seconds=sent + 0.1, statuses=("OK", "OK"),
        replies=(b"", b""), started_at=0.0,
    )  # fmt: skip
    assert len(wrong(list(beyond_findings(measured)))) == 1
    mark = schedule_mark(plan.due_seconds, sent)
    assert mark is not None
    assert not wrong(list(beyond_findings(replace(measured, marks=(mark,)))))


@pytest.mark.parametrize(("callers_overlap", "faults"), [(False, 0), (True, 1)])
def test_a_closed_loop_that_does_not_wait_is_found(*, callers_overlap: bool, faults: int) -> None:
    plan = in_turn(1, seconds=299 / 50_000, questions=1)
    taken = np.full(300, 0.001)
    taken[40] = STALL_SECONDS
    done = np.cumsum(taken)
    sent = done - taken
    measured = MeasuredRound(
        plan=plan, sent_seconds=sent - (0.0005 if callers_overlap else 0.0), done_seconds=done,
        statuses=("OK",) * 300, replies=(b"",) * 300, started_at=0.0,
    )  # fmt: skip
    assert len(wrong(list(closed_findings(measured)))) == faults
