"""Ways take turns, and are compared job by job."""

from __future__ import annotations

import numpy as np

from benchmarks.parts.times import Job, Times, in_turn


def noting(done: list[str], name: str) -> Job:
    return lambda number: done.append(f"{name}{number}")


def test_ways_take_turns_and_the_first_round_is_left_out() -> None:
    done: list[str] = []
    ways = {"a": noting(done, "a"), "b": noting(done, "b")}

    times = in_turn(ways, rounds=1, jobs=2)

    assert done == ["a0", "b0", "a1", "b1", "b0", "a0", "b1", "a1"]
    assert times.seconds["a"].shape == times.seconds["b"].shape == (1, 2)


def test_in_blocks_one_way_does_all_before_the_next() -> None:
    done: list[str] = []
    in_turn({"a": noting(done, "a"), "b": noting(done, "b")}, rounds=1, jobs=2, blocks=True)
    assert done == ["a0", "a1", "b0", "b1", "b0", "b1", "a0", "a1"]


def test_a_ratio_pairs_jobs_and_sums_parts() -> None:
    times = Times(
        seconds={
            # Jobs of 1, 10 and 100: the ratio of medians would be of two different jobs.
            "whole": np.array([[1.5, 12.0, 100.0], [3.0, 24.0, 200.0]]),
            "one": np.array([[0.5, 5.0, 50.0], [0.5, 5.0, 50.0]]),
            "other": np.array([[0.5, 5.0, 30.0], [0.5, 5.0, 30.0]]),
        }
    )
    # Round 1: 1.5, 1.2, 1.25; round 2 twice that.
    assert times.ratio("whole", ("one", "other")).median == (1.25 + 2.5) / 2
    assert times.milliseconds() == {"whole": 18_000.0, "one": 5_000.0, "other": 5_000.0}
