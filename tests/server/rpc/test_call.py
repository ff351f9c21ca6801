"""What one call is known by while a thread answers it."""

from __future__ import annotations

import threading
import time

from server.rpc.call import begin_call, current_call, end_call


def test_a_call_waited_from_when_it_came_until_it_was_begun() -> None:
    call = begin_call(arrived=time.perf_counter() - 60.0)
    assert current_call() is call
    assert 60.0 <= call.queued_seconds < 120.0
    call.began -= 600.0
    assert 600.0 <= call.worked_seconds() < 660.0
    assert call.queued_seconds < 0.0
    end_call()
    assert current_call() is not call


def test_work_that_came_over_no_wire_waited_for_nothing() -> None:
    end_call()
    call = current_call()
    assert 0.0 <= call.queued_seconds < 60.0
    assert call.facts() == {}


def test_each_thread_has_a_call_of_its_own() -> None:
    call = begin_call(arrived=0.0)
    others = []
    thread = threading.Thread(target=lambda: others.append(current_call()), daemon=True)
    thread.start()
    thread.join(60)
    assert others
    assert others[0] is not call
    end_call()
