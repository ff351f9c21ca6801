from __future__ import annotations

import threading

from server.encoders.breaker import Admission, Breaker

USUAL, PROBE, REFUSED = Admission.USUAL, Admission.PROBE, Admission.REFUSED


class Hands:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_after_a_failure_one_request_an_interval_tries_and_the_intervals_double() -> None:
    hands = Hands()
    breaker = Breaker(now=hands)
    assert breaker.admit() is USUAL
    breaker.failed(USUAL, reason="AWAY")
    assert breaker.reason == "AWAY"
    for wait in (0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0):
        hands.seconds += wait - 0.001
        assert breaker.admit() is REFUSED
        hands.seconds += 0.002
        assert breaker.admit() is PROBE
        assert breaker.admit() is REFUSED
        breaker.failed(PROBE, reason="AWAY")


def test_a_probe_that_succeeds_closes_it_and_the_next_failure_waits_little_again() -> None:
    hands = Hands()
    breaker = Breaker(now=hands)
    breaker.failed(USUAL, reason="AWAY")
    hands.seconds += 0.11
    breaker.failed(breaker.admit(), reason="AWAY")
    hands.seconds += 0.21
    breaker.succeeded(breaker.admit())
    assert breaker.reason is None
    assert breaker.admit() is USUAL
    breaker.failed(USUAL, reason="AGAIN")
    hands.seconds += 0.11
    assert breaker.admit() is PROBE


def test_a_probe_without_result_lets_the_next_one_try_at_once() -> None:
    hands = Hands()
    breaker = Breaker(now=hands)
    breaker.failed(USUAL, reason="AWAY")
    hands.seconds += 0.11
    breaker.undecided(breaker.admit())
    assert breaker.reason == "AWAY"
    assert breaker.admit() is PROBE


def test_requests_that_were_under_way_when_it_failed_say_nothing_new() -> None:
    hands = Hands()
    breaker = Breaker(now=hands)
    breaker.failed(USUAL, reason="FIRST")
    hands.seconds += 0.09
    breaker.failed(USUAL, reason="LATE")
    breaker.succeeded(USUAL)
    assert breaker.reason == "FIRST"
    hands.seconds += 0.02
    assert breaker.admit() is PROBE


def test_of_many_threads_one_probes() -> None:
    hands = Hands()
    breaker = Breaker(now=hands)
    breaker.failed(USUAL, reason="AWAY")
    hands.seconds += 1
    admitted: list[Admission] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        admitted.append(breaker.admit())

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(each.value for each in admitted) == ["probe"] + ["refused"] * 7
