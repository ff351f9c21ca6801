from __future__ import annotations

import threading
import time

import pytest

from server.leases import Lease, Leased


def test_it_is_closed_after_its_last_user_and_once() -> None:
    closed: list[str] = []
    leased = Leased("index", close=closed.append)
    assert leased.take()
    assert leased.take()

    leased.retire()
    leased.retire()
    assert not leased.take()
    leased.give_back()
    assert closed == []
    assert not leased.wait(0)
    leased.give_back()

    assert closed == ["index"]
    assert leased.wait(0)
    assert leased.retired


def test_what_nobody_uses_is_closed_at_once() -> None:
    closed: list[str] = []
    Leased("index", close=closed.append).retire()
    assert closed == ["index"]


def test_giving_back_what_was_not_taken_is_a_fault() -> None:
    leased = Leased("index")
    assert leased.take()
    leased.give_back()
    with pytest.raises(RuntimeError):
        leased.give_back()


def test_a_block_gives_back_also_when_it_raises() -> None:
    leased = Leased({"a": 1})
    with pytest.raises(KeyError), Lease(lambda: leased) as value:
        value.pop("b")
    leased.retire()
    assert leased.wait(0)


def test_a_block_takes_what_came_in_place_of_what_was_retired() -> None:
    old, new = Leased("old"), Leased("new")
    old.retire()
    found = iter([old, new])
    with Lease(lambda: next(found)) as value:
        assert value == "new"


def test_what_was_retired_and_not_replaced_is_a_fault_and_no_endless_search() -> None:
    leased = Leased("index")
    leased.retire()
    with pytest.raises(RuntimeError, match="not replaced"), Lease(lambda: leased):
        pytest.fail("it was retired")


def test_who_waits_is_woken_by_the_last_user() -> None:
    leased = Leased("index")
    assert leased.take()
    leased.retire()
    woken: list[bool] = []
    thread = threading.Thread(target=lambda: woken.append(leased.wait(60)), daemon=True)
    thread.start()
    leased.give_back()
    thread.join(60)
    assert woken == [True]


def test_many_threads_never_have_a_closed_value() -> None:
    """Each value is a list that its closing empties; whoever holds one finds it full."""
    place = [Leased([0], close=list.clear)]
    stop = threading.Event()
    wrong: list[int] = []
    used = [0] * 4

    def use(number: int) -> None:
        while not stop.is_set():
            with Lease(lambda: place[0]) as value:
                if len(value) != 1:
                    wrong.append(number)
                used[number] += 1

    threads = [threading.Thread(target=use, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    replaced: list[Leased[list[int]]] = []
    # Until all have used some: a busy machine may let this thread run alone for long.
    ends = time.monotonic() + 60
    while len(replaced) < 300 or not all(used):
        assert time.monotonic() < ends
        before, place[0] = place[0], Leased([len(replaced)], close=list.clear)
        before.retire()
        replaced.append(before)
    stop.set()
    for thread in threads:
        thread.join(60)

    assert wrong == []
    assert all(each.wait(0) and each.value == [] for each in replaced)
