from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.load.highest_rate import Probe, highest_rate, highest_rates
from server.errors import InvalidRequest


def system(capacity: float, *, asked: list[float] | None = None) -> Callable[[float, int], Probe]:
    """Return a server that is quick up to its capacity, and slow beyond."""

    def probe(rate: float, number: int) -> Probe:
        if asked is not None:
            asked.append(rate)
        slow = rate > capacity
        return Probe(
            rate=rate, p50_ms=5.0, p99_ms=900.0 if slow else 10.0,
            throughput=min(rate, capacity), error_share=0.0,
        )  # fmt: skip

    return probe


@settings(deadline=None)
@given(capacity=st.floats(5, 5000), start=st.floats(0.5, 500))
def test_the_answer_is_within_five_percent_below(capacity: float, start: float) -> None:
    found = highest_rate(system(capacity), limit_ms=100.0, start=start, rounds=1)
    assert found.median <= capacity
    assert found.median * 1.05 * (1 + 1e-9) >= capacity
    assert found.low == found.high == found.median


def test_the_path_by_hand() -> None:
    asked: list[float] = []
    found = highest_rate(system(70.0, asked=asked), limit_ms=100.0, start=10.0, rounds=1)
    assert asked == [10, 20, 40, 80, 60, 70, 75, 72.5]
    assert found.median == 70.0
    assert [each.rate for each in found.curve] == sorted(asked)


def test_a_start_that_is_too_high_is_halved() -> None:
    asked: list[float] = []
    found = highest_rate(system(3.0, asked=asked), limit_ms=100.0, start=10.0, rounds=1)
    assert asked[:3] == [10, 5, 2.5]
    assert 3.0 / 1.05 <= found.median <= 3.0


def test_nothing_held_is_zero() -> None:
    found = highest_rate(system(0.0), limit_ms=100.0, start=10.0, rounds=1)
    assert (found.median, found.high) == (0.0, 0.0)


FINE = Probe(rate=1.0, p50_ms=1.0, p99_ms=100.0, throughput=1.0, error_share=0.0009)


@pytest.mark.parametrize(
    "worse",
    [replace(FINE, error_share=0.001), replace(FINE, p99_ms=100.1), replace(FINE, valid=False)],
)
def test_what_holds_no_rate(worse: Probe) -> None:
    assert FINE.within(100.0)
    assert not worse.within(100.0)


def test_most_rounds_decide_and_each_has_its_own_answer() -> None:
    def probe(rate: float, number: int) -> Probe:
        return system((40.0, 100.0, 100.0)[number])(rate, number)

    found = highest_rate(probe, limit_ms=100.0, start=10.0, rounds=3)
    assert found.low == 40.0
    assert 100 / 1.05 <= found.median == found.high <= 100


def test_systems_take_turns() -> None:
    order: list[str] = []

    def probing(name: str, capacity: float) -> Callable[[float, int], Probe]:
        def probe(rate: float, number: int) -> Probe:
            order.append(f"{name}{number}")
            return system(capacity)(rate, number)

        return probe

    found = highest_rates(
        {"a": probing("a", 50.0), "b": probing("b", 13.0)}, limit_ms=100.0, rounds=3
    )
    assert order[:6] == ["a0", "b0", "b1", "a1", "a2", "b2"]
    assert found["a"].median == pytest.approx(50, rel=0.05)
    assert found["b"].median == pytest.approx(13, rel=0.05)


@pytest.mark.parametrize(
    "wrong", [{"limit_ms": 0.0}, {"limit_ms": 9.0, "start": 0.0}, {"limit_ms": 9.0, "rounds": 2}]
)
def test_wrong_arguments_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest):
        highest_rate(system(1.0), **wrong)  # type: ignore[arg-type]
