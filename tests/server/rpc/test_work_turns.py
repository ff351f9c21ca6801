"""Turns are given in order, to so many at one time, and none is lost."""

import threading

import pytest

from server.deadline import Deadline
from server.errors import DeadlineExceeded
from server.rpc.work_turns import WorkTurns

PATIENCE = 60.0


class Caller:
    """Somebody who takes a turn in a thread of their own and keeps it until told."""

    def __init__(self, turns: WorkTurns, entered: "list[Caller]") -> None:
        self.leave = threading.Event()
        self.inside = threading.Event()
        self._turns = turns
        self._entered = entered
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        with self._turns.taken(Deadline.after(PATIENCE)):
            self._entered.append(self)
            self.inside.set()
            self.leave.wait(PATIENCE)


def waiting(turns: WorkTurns, count: int) -> None:
    """Return once so many wait."""
    looked = threading.Event()
    deadline = Deadline.after(PATIENCE)
    while len(turns._waiting) < count:
        assert deadline.remaining_seconds() > 0
        looked.wait(0.001)


def test_who_waits_longest_is_next_and_nobody_overtakes() -> None:
    turns, entered = WorkTurns(2), list[Caller]()
    callers = []
    for number in range(6):
        callers.append(Caller(turns, entered))
        if number < 2:
            assert callers[number].inside.wait(PATIENCE)
        else:
            waiting(turns, number - 1)
    assert entered == callers[:2]
    for number, caller in enumerate(callers):
        caller.leave.set()
        caller.thread.join(PATIENCE)
        if number + 2 < len(callers):
            assert callers[number + 2].inside.wait(PATIENCE)
    assert entered == callers


def test_who_gives_up_waiting_takes_nobodys_turn() -> None:
    turns = WorkTurns(1)
    with turns.taken(Deadline.after(PATIENCE)):
        with (
            pytest.raises(DeadlineExceeded, match="earlier searches"),
            turns.taken(Deadline.after(0)),
        ):
            pytest.fail("it had no turn")
        with pytest.raises(DeadlineExceeded), turns.taken(Deadline.after(0.01)):
            pytest.fail("it had no turn")
    with turns.taken(Deadline.after(0)):
        assert not turns._waiting


def test_a_turn_is_given_back_whatever_happens() -> None:
    turns = WorkTurns(1)
    for _ in range(3):
        with pytest.raises(KeyError), turns.taken(Deadline.after(0)):
            raise KeyError


def test_many_callers_with_little_time_lose_no_turn() -> None:
    turns = WorkTurns(2)
    at_once, most, served = 0, 0, 0
    lock = threading.Lock()

    def ask() -> None:
        nonlocal at_once, most, served
        for number in range(200):
            try:
                with turns.taken(Deadline.after(0.0002 * (number % 3))):
                    with lock:
                        at_once, served = at_once + 1, served + 1
                        most = max(most, at_once)
                    with lock:
                        at_once -= 1
            except DeadlineExceeded:
                continue

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert (at_once, turns._free, len(turns._waiting)) == (0, 2, 0)
    assert 1 <= most <= 2
    assert served > 0


def test_no_limit_is_no_waiting() -> None:
    turns = WorkTurns(0)
    with turns.taken(Deadline.after(0)), turns.taken(Deadline.after(0)):
        pass
