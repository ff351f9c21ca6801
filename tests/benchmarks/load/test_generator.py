"""Load from a real process, on a real server."""

import os
import signal
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.load.arrivals import constant, in_order, in_turn
from benchmarks.load.echo import Echo, RunningEcho, echo
from benchmarks.load.generator import Generator
from benchmarks.load.grpc_target import GrpcTarget
from benchmarks.load.measured import MeasuredRound, Plan
from benchmarks.load.processes import Watch
from server.errors import Unavailable

REQUESTS = [b"one", b"two"]


@pytest.fixture(scope="module")
def running() -> Iterator[RunningEcho]:
    with echo(Echo(reply_bytes=7, delay_seconds=0.02)) as found:
        yield found


@pytest.fixture(scope="module")
def generator(running: RunningEcho) -> Iterator[Generator]:
    with Generator(GrpcTarget(name="echo", address=running.address)) as found:
        yield found


def names(measured: MeasuredRound) -> list[str]:
    return [mark.name for mark in measured.marks]


def whole_round(generator: Generator, plan: Plan, *, keep_replies: bool = True) -> MeasuredRound:
    """A round in which all was sent: where the machine stands still for a second, the next one."""
    for _ in range(5):
        measured = generator.round(plan, REQUESTS, keep_replies=keep_replies)
        if measured.sent_seconds.size == plan.places.size:
            return measured
        assert not measured.valid
    pytest.fail("no round was whole")


def test_an_open_loop_asks_what_is_due_and_hears_of_all(generator: Generator) -> None:
    plan = in_order(constant(50.0, seconds=0.6), questions=2)
    measured = whole_round(generator, plan)
    assert measured.sent_seconds.size == 30
    assert measured.statuses == ("OK",) * 30
    assert measured.replies == (bytes(7),) * 30
    assert (measured.sent_seconds >= plan.due_seconds).all()
    assert (measured.latency_seconds >= 0.02).all()
    # It waits for nobody: thirty calls of 20 ms each were due within 600 ms.
    assert (np.diff(measured.sent_seconds) >= 0).all()


def test_a_closed_loop_has_as_many_under_way_as_callers(generator: Generator) -> None:
    plan = in_turn(3, seconds=0.3, questions=2)
    most = 0
    for _ in range(5):  # a machine that stands still may let none of them overlap
        measured = generator.round(plan, REQUESTS, seconds=0.3)
        sent, done = measured.sent_seconds, measured.done_seconds
        under_way = [(sent <= at).sum() - (done < at).sum() for at in sent]
        most = max(most, *under_way)
        assert most <= 3
        assert sent.size < plan.places.size
        assert (measured.latency_seconds == done - sent).all()
        assert "RATE_NOT_REACHED" not in names(measured)
        if most == 3:
            break
    assert most == 3


def test_replies_are_left_behind_where_nobody_reads_them(generator: Generator) -> None:
    plan = in_order(constant(50.0, seconds=0.1), questions=2)
    measured = whole_round(generator, plan, keep_replies=False)
    assert measured.statuses == ("OK",) * 5
    assert set(measured.replies) == {b""}


def test_what_takes_too_long_ends_at_its_deadline(generator: Generator) -> None:
    plan = in_order(constant(50.0, seconds=0.1), questions=2, timeout_seconds=0.001)
    measured = generator.round(plan, REQUESTS)
    assert set(measured.statuses) == {"DEADLINE_EXCEEDED"}
    assert not np.isnan(measured.done_seconds).any()


def test_cpu_and_memory_are_told_by_group(generator: Generator, running: RunningEcho) -> None:
    plan = in_turn(4, seconds=0.5, questions=2)
    watch = Watch(groups={"server": (running.pid,)})
    measured = generator.round(plan, REQUESTS, watch=watch, seconds=0.5)
    assert set(measured.used) == {"server", "client"}
    assert measured.used["server"].resident_mb > 10
    assert measured.used["server"].cpu_seconds > 0
    assert measured.used["client"].cpu_seconds > 0


def test_a_client_that_was_suspended_says_so(generator: Generator) -> None:
    plan = in_order(constant(20.0, seconds=2.5), questions=2)

    def suspend() -> None:
        os.kill(generator.pid, signal.SIGSTOP)
        threading.Event().wait(1.5)
        os.kill(generator.pid, signal.SIGCONT)

    for _ in range(5):  # it is suspended before or after the round where this process stands still
        timer = threading.Timer(0.5, suspend)
        timer.daemon = True
        timer.start()
        measured = generator.round(plan, REQUESTS)
        timer.join()
        if "CLOCK_JUMPED" in names(measured):
            break
    assert {"CLOCK_JUMPED", "RATE_NOT_REACHED"} <= set(names(measured))
    assert not measured.valid


def test_nothing_at_the_address_is_an_error_that_says_what_to_do() -> None:
    target = GrpcTarget(name="none", address="127.0.0.1:9", connect_seconds=0.2)
    with pytest.raises(Unavailable, match="omnishelf serve"), Generator(target):
        pass


def test_a_generator_that_died_says_so(running: RunningEcho) -> None:
    with Generator(GrpcTarget(name="echo", address=running.address)) as generator:
        os.kill(generator.pid, signal.SIGKILL)
        with pytest.raises(Unavailable, match="ended"):
            generator.round(in_order(constant(10.0, seconds=1.0), questions=2), REQUESTS)


def test_a_server_that_dies_ends_the_round_and_the_next_if_it_is_not_back() -> None:
    # One that died before it was asked shows less: the next one lives longer.
    assert any(answered_before_it_died(seconds) for seconds in (0.5, 5.0, 30.0))


def answered_before_it_died(alive_seconds: float) -> bool:
    """A round on a server that lives so long; whether it answered at all."""
    with echo(Echo(reply_bytes=7)) as dying:
        target = GrpcTarget(name="echo", address=dying.address, connect_seconds=1.0)
        with Generator(target) as generator:
            timer = threading.Timer(alive_seconds, os.kill, (dying.pid, signal.SIGKILL))
            timer.daemon = True
            timer.start()
            plan = in_order(constant(50.0, seconds=60.0), questions=2)
            measured = generator.round(plan, REQUESTS, watch=Watch(groups={"server": (dying.pid,)}))
            assert "SERVER_GONE" in names(measured)
            assert "RATE_NOT_REACHED" not in names(measured)
            assert not measured.valid
            assert "UNAVAILABLE" in measured.statuses
            assert measured.sent_seconds.size < plan.places.size
            with pytest.raises(Unavailable, match="nothing answers"):
                generator.round(plan, REQUESTS)
            return "OK" in measured.statuses
