"""The best of our servers beside the slowest part, on real servers of empty answers."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest

from benchmarks.load.echo import Echo, echo
from benchmarks.load.grpc_target import GrpcTarget
from benchmarks.load.interleaving import Bench
from benchmarks.load.systems import empty_echo
from benchmarks.parts import slowest_part
from benchmarks.workloads.workload import Kind, Question, Workload

WORKLOAD = Workload(
    name="one", catalog="shop", data="", questions=(Question(kind=Kind.TEXT, request=b"a"),)
)
DELAYS = {"one process": 0.4, "a process a core": 0.1, "echo": 0.0}


class Parts:
    """Parts as fast as they are said to be."""

    def a_second(self, part: str, *, seconds: float) -> float:
        return {"encode": 400.0, "search": 1.0, "predict": 900.0}[part] + 0.0 * seconds


@pytest.fixture(scope="module")
def found() -> slowest_part.SlowestPart:
    with ExitStack() as stack:
        bench = stack.enter_context(Bench())
        for name, delay in DELAYS.items():
            server = stack.enter_context(echo(Echo(reply_bytes=10, delay_seconds=delay)))
            system = empty_echo(
                server.address,
                pid=server.pid,
                on_wire=lambda workload: [each.request for each in workload.questions],
            )
            target = GrpcTarget(name=name, address=server.address)
            bench.add(replace(system, name=name, target=target))
        *ours, last = DELAYS
        return slowest_part.measured(
            bench,
            WORKLOAD,
            ours=ours,
            echo=last,
            parts=Parts(),  # type: ignore[arg-type] # all of it that is asked for
            callers=1,
            rounds=3,
            seconds=1.0,
        )


def test_the_best_of_ours_is_compared_with_what_is_done_least_often(
    found: slowest_part.SlowestPart,
) -> None:
    assert found.best_of_ours == "a process a core"
    assert found.slowest == "search"
    # One search a second is the least of all, so the ratio is the rate.
    assert found.over_slowest.median == found.a_second["a process a core"].median
    assert found.over_slowest.rounds == 3


def test_all_rates_are_told(found: slowest_part.SlowestPart) -> None:
    assert set(found.a_second) == {*DELAYS, "encode", "search", "predict"}
    # Nobody who is answered after a tenth of a second is answered more than ten times in one.
    assert found.a_second["a process a core"].median <= 10
