"""What samples add up to."""

from __future__ import annotations

from benchmarks.parts.profiling import Spent, by_stage


def test_stages_have_time_in_bare_parts_and_over_them() -> None:
    spent = [
        Spent(stage="rank", function="a", bare=True, milliseconds=1.0),
        Spent(stage="rank", function="b", bare=False, milliseconds=0.25),
        Spent(stage="rank", function="c", bare=False, milliseconds=0.5),
        Spent(stage="other", function="d", bare=False, milliseconds=2.0),
    ]
    assert by_stage(spent) == {"rank": (1.0, 0.75), "other": (0.0, 2.0)}
