from __future__ import annotations

from server.workers.restarts import Restarts


def test_pauses_double_within_a_minute_until_it_gives_up() -> None:
    restarts = Restarts()
    assert [restarts.died(float(at)) for at in range(6)] == [0.25, 0.5, 1.0, 2.0, 4.0, None]


def test_what_is_a_minute_ago_is_forgotten() -> None:
    restarts = Restarts()
    assert [restarts.died(at) for at in (0.0, 59.9, 60.0, 119.9, 1_000.0)] == [
        0.25, 0.5, 0.5, 0.5, 0.25,
    ]  # fmt: skip
