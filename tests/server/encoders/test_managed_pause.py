"""The pause before Triton is started again: longer after each failure, never too long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.encoders.managed_pause import FIRST_SECONDS, LONGEST_SECONDS, pause_seconds

FAILURES = st.integers(1, 10_000)
DRAWS = st.floats(0, 1)


@given(FAILURES, DRAWS)
def test_it_is_between_half_the_first_and_the_longest(failures: int, draw: float) -> None:
    assert FIRST_SECONDS / 2 <= pause_seconds(failures, draw=draw) <= LONGEST_SECONDS


@given(FAILURES, DRAWS)
def test_another_failure_never_shortens_it(failures: int, draw: float) -> None:
    assert pause_seconds(failures + 1, draw=draw) >= pause_seconds(failures, draw=draw)
