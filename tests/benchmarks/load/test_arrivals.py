import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.load.arrivals import constant, in_order, in_turn, poisson, replayed
from server.errors import InvalidRequest


@pytest.mark.parametrize(
    ("rate", "seconds", "due"),
    [
        (4.0, 1.0, [0.0, 0.25, 0.5, 0.75]),
        (2.0, 1.5, [0.0, 0.5, 1.0]),
        (0.1, 1.0, [0.0]),
    ],
)
def test_constant(rate: float, seconds: float, due: list[float]) -> None:
    assert constant(rate, seconds=seconds).tolist() == due


@settings(deadline=None)
@given(rate=st.floats(0.1, 500), seconds=st.floats(0.1, 20), seed=st.integers(0, 2**32))
def test_poisson_rises_within_its_time_and_repeats(rate: float, seconds: float, seed: int) -> None:
    due = poisson(rate, seconds=seconds, seed=seed)
    assert due.size >= 1
    assert (np.diff(due) > 0).all()
    assert due.size == 1 or due[-1] < seconds
    assert due.tolist() == poisson(rate, seconds=seconds, seed=seed).tolist()


def test_poisson_gaps_are_exponential() -> None:
    gaps = np.diff(poisson(100.0, seconds=200.0, seed=1))
    # Of an exponential distribution: the standard deviation is the mean, 1/e of it is above it.
    assert gaps.mean() == pytest.approx(0.01, rel=0.05)
    assert gaps.std() == pytest.approx(0.01, rel=0.05)
    assert (gaps > 0.01).mean() == pytest.approx(np.exp(-1), rel=0.05)


@pytest.mark.parametrize(
    ("recorded", "speed", "seconds", "due"),
    [
        ([5.0], 1.0, None, [0.0]),
        ([5.0, 6.0, 9.0], 1.0, None, [0.0, 1.0, 4.0]),
        ([5.0, 6.0, 9.0], 2.0, None, [0.0, 0.5, 2.0]),
        ([0.0, 1.0, 4.0], 1.0, 2.0, [0.0, 1.0]),
        # It ends at 4, its mean gap is 2: it begins again at 6.
        ([0.0, 1.0, 4.0], 1.0, 8.0, [0.0, 1.0, 4.0, 6.0, 7.0]),
        # All at once: begun again when the time is over.
        ([3.0, 3.0], 1.0, 1.0, [0.0, 0.0]),
    ],
)
def test_replayed(
    recorded: list[float], speed: float, seconds: float | None, due: list[float]
) -> None:
    assert replayed(recorded, speed=speed, seconds=seconds).tolist() == due


@pytest.mark.parametrize("recorded", [[], [1.0, 0.5], [0.0, float("nan")]])
def test_a_recording_that_falls_is_refused(recorded: list[float]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        replayed(recorded)
    assert refused.value.reason == "RECORDING_INVALID"


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_no_rate_is_refused(rate: float) -> None:
    with pytest.raises(InvalidRequest, match="above 0"):
        constant(rate, seconds=1.0)
    with pytest.raises(InvalidRequest, match="above 0"):
        poisson(rate, seconds=1.0, seed=0)
    with pytest.raises(InvalidRequest, match="above 0"):
        replayed([0.0], speed=rate)


def test_questions_are_asked_in_a_circle() -> None:
    plan = in_order(constant(5.0, seconds=1.0), questions=3, first=2)
    assert plan.places.tolist() == [2, 0, 1, 2, 0]
    assert plan.places.dtype == np.int32
    assert plan.callers == 0


def test_a_closed_loop_has_more_than_can_be_asked() -> None:
    plan = in_turn(2, seconds=0.01, questions=3)
    assert plan.callers == 2
    assert plan.places.size == 502
    assert plan.places[:4].tolist() == [0, 1, 2, 0]
    assert not plan.due_seconds.any()
