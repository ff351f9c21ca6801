from __future__ import annotations

from server.workers.relays import Relayed, Relays


def test_a_step_is_done_when_all_others_have_answered() -> None:
    relays = Relays()
    number = relays.begin(origin=0, number=41, others=[1, 2])
    assert relays.done() == []
    relays.taken(1, number, problem="")
    assert relays.done() == []
    relays.taken(2, number, problem="no memory")
    assert relays.done() == [Relayed(origin=0, number=41, problem="worker 2: no memory")]
    assert relays.done() == []


def test_of_a_group_of_one_a_step_is_done_at_once() -> None:
    relays = Relays()
    relays.begin(origin=0, number=1, others=[])
    assert relays.done() == [Relayed(origin=0, number=1, problem="")]


def test_nobody_waits_for_the_dead_or_believes_strangers() -> None:
    relays = Relays()
    number = relays.begin(origin=0, number=1, others=[1, 2])
    relays.taken(3, number, problem="who is that")
    relays.taken(1, number + 1, problem="of what")
    relays.gone(1)
    relays.taken(2, number, problem="")
    assert relays.done() == [Relayed(origin=0, number=1, problem="")]
