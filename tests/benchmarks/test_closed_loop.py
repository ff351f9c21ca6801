"""A closed loop: what it counts, and that a caller's failure ends it."""

import threading

import pytest

from benchmarks.closed_loop import closed_loop, summed_up


def test_percentiles_are_waits_that_were_seen() -> None:
    load = summed_up([0.001, 0.002, 0.003, 0.5], elapsed=2.0)
    assert (load.p50_ms, load.p99_ms) == pytest.approx((2.0, 500.0))
    assert load.requests_per_second == 2.0


def test_every_caller_asks_again_until_time_is_up() -> None:
    seen: list[tuple[int, int]] = []
    lock = threading.Lock()
    enough = threading.Event()

    def caller(place: int, number: int) -> None:
        with lock:
            seen.append((place, number))
            if len(seen) > 40:
                enough.set()

    load = closed_loop(
        [lambda number: caller(0, number), lambda number: caller(1, number)], seconds=0.2
    )
    assert enough.is_set()
    assert load.requests == len(seen)
    # Each caller has numbers of its own: 0, 2, 4, ... and 1, 3, 5, ...
    assert all(number % 2 == place for place, number in seen)


def test_a_failure_ends_the_loop_and_is_raised() -> None:
    def fails(number: int) -> None:
        raise OSError("the server is gone")

    with pytest.raises(OSError, match="gone"):
        closed_loop([fails, lambda number: None], seconds=60)


def test_silence_is_no_figure() -> None:
    with pytest.raises(ValueError, match="nobody was answered"):
        summed_up([], elapsed=1.0)
