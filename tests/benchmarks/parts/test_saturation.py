"""Closed loops, tails and probes on a real server of empty answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.load.echo import Echo, echo
from benchmarks.load.interleaving import Bench
from benchmarks.load.measured import Mark, MeasuredRound, Plan
from benchmarks.load.systems import empty_echo
from benchmarks.parts import saturation
from benchmarks.workloads.workload import Kind, Question, Workload

WORKLOAD = Workload(
    name="one",
    catalog="shop",
    data="",
    questions=(Question(kind=Kind.TEXT, request=b"a"), Question(kind=Kind.TEXT, request=b"b")),
)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with echo(Echo(reply_bytes=10, delay_seconds=0.02)) as server, Bench() as made:
        on_wire = lambda workload: [each.request for each in workload.questions]  # noqa: E731
        made.add(empty_echo(server.address, pid=server.pid, on_wire=on_wire))
        yield made


def test_a_closed_loop_counts_answers_a_second(bench: Bench) -> None:
    rate = saturation.closed_rate(bench, "echo", WORKLOAD, callers=2, seconds=0.3)
    # Each of the two waits 20 ms for an answer at the least.
    assert 0 < rate <= 2 / 0.02


def test_a_probe_tells_of_every_request(bench: Bench) -> None:
    probe = saturation.probing(bench, "echo", WORKLOAD, seconds=0.5)(40.0, 3)
    assert probe.error_share == 0
    assert 0 < probe.p50_ms <= probe.p99_ms
    assert probe.rate == 40.0


def round_of(latencies: list[float], *, invalid: bool) -> MeasuredRound:
    due = np.arange(len(latencies), dtype=np.float64)
    marks = (Mark(name="CLOCK_JUMPED", invalid=True, text="it jumped"),) if invalid else ()
    return MeasuredRound(
        plan=Plan(due_seconds=due, places=np.zeros(len(latencies), np.int32)),
        sent_seconds=due,
        done_seconds=due + np.array(latencies),
        statuses=("OK",) * len(latencies),
        replies=(b"",) * len(latencies),
        started_at=0.0,
        marks=marks,
    )


def test_invalid_rounds_are_told_and_never_averaged_in() -> None:
    calm = round_of([0.001] * 99 + [0.003], invalid=False)
    broken = round_of([1.0] * 100, invalid=True)

    tail = saturation._tail(0.5, 10.0, [calm, broken])

    assert tail.p99_over_p50 is not None
    assert tail.p99_over_p50.rounds == 1
    assert tail.p50_ms == pytest.approx(1.0)
    assert [mark.name for mark in tail.marks] == ["CLOCK_JUMPED"]
    assert saturation._tail(0.5, 10.0, [broken]).p99_over_p50 is None
