import pytest

from benchmarks.load.plans import Arrivals, Pace, plans
from benchmarks.workloads.workload import Kind, Question, Workload
from server.errors import InvalidRequest


def workload(*due: float | None) -> Workload:
    questions = tuple(Question(kind=Kind.TEXT, request=b"q", due_seconds=each) for each in due)
    return Workload(name="made", catalog="shop", data="", questions=questions)


FIVE = workload(None, None, None, None, None)


def test_rounds_go_on_where_the_one_before_ended() -> None:
    plan = plans(Pace(arrivals=Arrivals.CONSTANT, rate=3.0, seconds=1.0, timeout_seconds=2.0), FIVE)
    assert [plan(number).places.tolist() for number in range(3)] == [
        [0, 1, 2],
        [3, 4, 0],
        [1, 2, 3],
    ]
    assert plan(0).due_seconds.tolist() == plan(1).due_seconds.tolist()
    assert plan(0).timeout_seconds == 2.0
    # The warm-up's number: before the first.
    assert plan(-1).places.tolist() == [2, 3, 4]


def test_random_rounds_differ_and_repeat() -> None:
    plan = plans(Pace(rate=50.0, seconds=1.0), FIVE)
    assert plan(0).due_seconds.tolist() == plan(0).due_seconds.tolist()
    assert plan(0).due_seconds.tolist() != plan(1).due_seconds.tolist()


def test_a_recording_starts_anew_each_round() -> None:
    pace = Pace(arrivals=Arrivals.REPLAYED, speed=20.0, seconds=0.5)
    plan = plans(pace, workload(5.0, 6.0, 7.0))
    for number in (0, 3):
        assert plan(number).due_seconds.tolist() == pytest.approx([i / 20 for i in range(10)])
        assert plan(number).places.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    assert (pace.name, pace.asked_rate) == ("replayed", None)


def test_what_was_not_recorded_cannot_be_replayed() -> None:
    with pytest.raises(InvalidRequest) as refused:
        plans(Pace(arrivals=Arrivals.REPLAYED), workload(0.0, None))
    assert refused.value.reason == "NOT_RECORDED"


def test_a_closed_loop_has_callers_and_no_rate() -> None:
    pace = Pace(callers=4, seconds=0.01)
    plan = plans(pace, FIVE)(0)
    assert plan.callers == 4
    assert (pace.name, pace.asked_rate) == ("closed", None)
