from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from server.side_by_side import SideBySide


def _opener(name: str, closed: list[str]) -> Callable[[ExitStack], str]:
    def make(own: ExitStack) -> str:
        own.callback(closed.append, name)
        return name

    return make


def test_parts_are_opened_at_one_time() -> None:
    both = threading.Barrier(2, timeout=60)

    def make(_own: ExitStack) -> int:
        return both.wait()

    with ExitStack() as closing:
        side = SideBySide(closing)
        openings = [side.open(make), side.open(make)]
        assert sorted(each.take() for each in openings) == [0, 1]


def test_parts_close_in_the_order_opposite_to_that_of_taking() -> None:
    closed: list[str] = []
    with ExitStack() as closing:
        side = SideBySide(closing)
        first, second = side.open(_opener("a", closed)), side.open(_opener("b", closed))
        assert second.take() == "b"
        closing.callback(closed.append, "between")
        assert first.take() == "a"
        assert not closed
    assert closed == ["a", "between", "b"]


def test_what_was_not_taken_is_closed_too_when_another_fails() -> None:
    closed: list[str] = []

    def fail(own: ExitStack) -> None:
        own.callback(closed.append, "half open")
        raise LookupError

    with ExitStack() as closing:
        side = SideBySide(closing)
        side.open(_opener("whole", closed))
        failing = side.open(fail)
        with pytest.raises(LookupError):
            failing.take()
    assert sorted(closed) == ["half open", "whole"]
