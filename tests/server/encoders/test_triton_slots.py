"""A slot is waited for as long as its caller waits, and never by two at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.deadline import Cancellation, Deadline
from server.encoders.triton_slots import Slot, Slots
from server.errors import DeadlineExceeded


def test_the_slot_given_back_last_is_taken_first() -> None:
    slots = Slots(3)
    first, second = slots.take_free(), slots.take_free()
    assert first is not None
    assert second is not None
    slots.give(first)
    slots.give(second)
    assert slots.take_free() is second


def test_there_are_no_more_than_said() -> None:
    slots = Slots(2)
    assert {slots.take_free(), slots.take_free()} == set(slots.all)
    assert slots.take_free() is None


def test_the_end_is_waited_for_until_every_one_is_given_back() -> None:
    slots = Slots(2)
    held = slots.take(deadline=Deadline.never())
    assert not slots.await_all(0.01)
    with ThreadPoolExecutor(1) as waiting:
        ended = waiting.submit(slots.await_all, 60.0)
        slots.give(held)
        assert ended.result(timeout=60)


def test_none_in_time_is_busy() -> None:
    slots = Slots(1)
    slots.take(deadline=Deadline.after(0))
    with pytest.raises(DeadlineExceeded) as caught:
        slots.take(deadline=Deadline.after(0.05))
    assert caught.value.reason == "TRITON_BUSY"


def test_who_waits_gets_what_is_given_back() -> None:
    slots = Slots(1)
    held = slots.take(deadline=Deadline.never())
    with ThreadPoolExecutor(1) as waiting:
        taken = waiting.submit(slots.take, deadline=Deadline.never())
        slots.give(held)
        assert taken.result(timeout=60) is held


@pytest.mark.parametrize("before", [True, False])
def test_a_caller_who_leaves_waits_no_longer(before: bool) -> None:  # noqa: FBT001 - a table row
    slots = Slots(1)
    slots.take(deadline=Deadline.never())
    cancellation = Cancellation()
    if before:
        cancellation.cancel()
    leaving = threading.Timer(0.05, cancellation.cancel)
    leaving.start()
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded) as caught:
        slots.take(deadline=Deadline.after(60, cancellation=cancellation))
    assert caught.value.reason == "CALLER_LEFT"
    assert time.monotonic() - started < 50
    leaving.join()


def test_no_slot_is_held_twice_or_lost_among_many_threads() -> None:
    slots = Slots(3)
    held: set[Slot] = set()
    lock = threading.Lock()

    def work(_: int) -> bool:
        slot = slots.take(deadline=Deadline.after(60))
        with lock:
            alone = slot not in held
            held.add(slot)
        with lock:
            held.discard(slot)
        slots.give(slot)
        return alone

    with ThreadPoolExecutor(12) as threads:
        assert all(threads.map(work, range(2_000)))
    assert {slots.take_free() for _ in range(3)} == set(slots.all)


def test_who_asks_again_at_once_does_not_get_ahead_of_who_waits() -> None:
    slots = Slots(1)
    held = slots.take(deadline=Deadline.never())
    with ThreadPoolExecutor(1) as waiting:
        waiter = waiting.submit(slots.take, deadline=Deadline.after(60))
        patience = Deadline.after(60)
        while not slots._waiting:
            patience.check("somebody waits")
        slots.give(held)
        assert slots.take_free() is None
        assert waiter.result(timeout=60) is held


def test_who_gave_up_waiting_is_passed_over() -> None:
    slots = Slots(1)
    held = slots.take(deadline=Deadline.never())
    with pytest.raises(DeadlineExceeded):
        slots.take(deadline=Deadline.after(0.01))
    slots.give(held)
    assert slots.take_free() is held
