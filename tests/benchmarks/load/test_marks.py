import numpy as np
import pytest

from benchmarks.load.arrivals import constant
from benchmarks.load.marks import busy_mark, clock_mark, gone_mark, schedule_mark


@pytest.mark.parametrize(
    ("late", "share", "marked"),
    [
        (0.000, 1.00, False),
        (0.004, 1.00, False),
        (0.006, 0.009, False),  # nine of a thousand: p99 is in time
        (0.006, 0.011, True),
        (0.500, 0.011, True),
    ],
)
def test_a_schedule_is_kept_when_p99_is(late: float, share: float, *, marked: bool) -> None:
    due = constant(200.0, seconds=5.0)
    sent = due.copy()
    sent[: round(share * due.size)] += late
    found = schedule_mark(due, sent)
    assert (found is not None and found.invalid) == marked


def test_slow_rates_may_be_half_a_gap_late() -> None:
    due = constant(10.0, seconds=5.0)
    assert schedule_mark(due, due + 0.049) is None
    assert schedule_mark(due, due + 0.051) is not None


def test_what_was_not_sent_counts_as_late() -> None:
    due = constant(100.0, seconds=10.0)
    assert schedule_mark(due, due[:990]) is None
    mark = schedule_mark(due, due[:989])
    assert mark is not None
    assert mark.name == "RATE_NOT_REACHED"
    assert "989 of 1,000 in time" in mark.text
    assert "100.0 requests a second" in mark.text


def test_nothing_sent_is_marked() -> None:
    assert schedule_mark(constant(100.0, seconds=1.0), np.empty(0)) is not None


@pytest.mark.parametrize(("others", "marked"), [(0.0, False), (0.39, False), (0.41, True)])
def test_busy_is_more_than_a_tenth_of_the_cores(others: float, *, marked: bool) -> None:
    mark = busy_mark(others_cpu_seconds=others, seconds=2.0, cores=2)
    assert (mark is not None) == marked
    assert mark is None or not mark.invalid


@pytest.mark.parametrize(
    ("wall", "standstill", "marked"),
    [
        (10.0, 0.0, False),
        (10.05, 0.0, False),
        (9.95, 0.0, False),
        (10.07, 0.0, True),  # 50 ms, and a thousandth of ten seconds
        (9.93, 0.0, True),
        (-3590.0, 0.0, True),
        (10.0, 0.9, False),
        (10.0, 1.1, True),
    ],
)
def test_clocks_that_jump(wall: float, standstill: float, *, marked: bool) -> None:
    mark = clock_mark(wall_seconds=wall, steady_seconds=10.0, standstill_seconds=standstill)
    assert (mark is not None) == marked
    assert mark is None or (mark.name, mark.invalid) == ("CLOCK_JUMPED", True)


def test_a_server_that_is_gone_is_said_to_be() -> None:
    assert gone_mark(gone=False, ended=[], sent=5, planned=9) is None
    refused = gone_mark(gone=True, ended=[], sent=5, planned=9)
    ended = gone_mark(gone=False, ended=[42], sent=5, planned=9)
    assert refused is not None
    assert ended is not None
    assert refused.invalid
    assert "5 of 9" in refused.text
    assert "process 42" in ended.text
