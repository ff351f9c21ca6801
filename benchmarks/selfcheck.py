"""Checks that the harness shows what it must, on a server whose every delay is known.

    python -m benchmarks.selfcheck

It fails on a harness that is broken, never on a machine that is slow: what it looks at are counts,
sums, and a stall that is far longer than any delay of a machine that works.
"""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from google.protobuf.duration_pb2 import Duration
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.load.arrivals import constant, in_order, in_turn
from benchmarks.load.echo import Echo, echo
from benchmarks.load.generator import Generator
from benchmarks.load.grpc_target import GrpcTarget
from benchmarks.load.histogram import latency_of, summed
from benchmarks.load.marks import RATE_NOT_REACHED
from benchmarks.load.measured import MeasuredRound
from benchmarks.load.replies import Told
from benchmarks.load.summary import stage_table, summarise
from benchmarks.load.target import OK
from benchmarks.workloads.workload import Kind, Question, Workload

STALL_SECONDS: Final = 1.0
_STALL_AT: Final = 40
"""The call with which everything stands still, in the open loop and in the closed one."""
_RATE: Final = 100.0
_SECONDS: Final = 3.0
_CLOSED: Final = 300
"""Calls of the closed loop: one stall is less than one in a hundred of them."""
_TOO_FAST: Final = 1_000_000.0
"""Calls a second that no Python client sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    right: bool
    seen: str


def main() -> None:
    """Print every finding; leave with 1 where one is wrong."""
    started = time.monotonic()
    findings = list(checked())
    for each in findings:
        print(f"{'ok   ' if each.right else 'WRONG'} {each.what}: {each.seen}")
    print(f"{len(findings)} checks of the harness in {time.monotonic() - started:.1f} s")
    sys.exit(0 if all(each.right for each in findings) else 1)


def checked() -> Iterator[Finding]:
    """Everything that is looked at, in processes of its own."""
    requests = [b"question"]
    with (
        echo(Echo(reply_bytes=100, stall_at=_STALL_AT, stall_seconds=STALL_SECONDS)) as stalling,
        Generator(GrpcTarget(name="echo", address=stalling.address)) as generator,
    ):
        plan = in_order(constant(_RATE, seconds=_SECONDS), questions=1)
        yield from open_findings(generator.round(plan, requests))
        # The echo has stalled already: this one finds out what the client cannot do.
        beyond = in_order(constant(_TOO_FAST, seconds=0.2), questions=1)
        yield from beyond_findings(generator.round(beyond, requests))
    with (
        echo(Echo(reply_bytes=100, stall_at=_STALL_AT, stall_seconds=STALL_SECONDS)) as stalling,
        Generator(GrpcTarget(name="echo", address=stalling.address)) as generator,
    ):
        closed = in_turn(1, seconds=_CLOSED / 50_000, questions=1)
        yield from closed_findings(generator.round(closed, requests))
    yield from table_findings()


def open_findings(measured: MeasuredRound) -> Iterator[Finding]:
    """The open loop: everybody who came during the stall waited for its end."""
    latency = np.sort(measured.latency_seconds[_answered(measured)])
    planned = measured.plan.places.size
    yield Finding(
        what="the open loop asks all that is due, or says that it did not, and hears of each",
        right=len(latency) == measured.sent_seconds.size
        and (measured.sent_seconds.size == planned or not measured.valid),
        seen=f"{planned} due, {measured.sent_seconds.size} sent, {len(latency)} answered",
    )
    # Of 300 calls a hundred are due while everything stands still, evenly over the stall.
    long_waits = int((latency > STALL_SECONDS / 2).sum())
    expected = int(_RATE * STALL_SECONDS / 2)
    yield Finding(
        what="a stall delays all who were due during it",
        right=long_waits >= expected - 2,
        seen=f"{long_waits} waited over half of it, at least {expected - 2} must",
    )
    p99 = _p99(latency)
    yield Finding(
        what="the open loop's p99 shows the stall",
        right=p99 > 0.9 * STALL_SECONDS,
        seen=f"p99 {p99 * 1e3:.0f} ms, stall {STALL_SECONDS * 1e3:.0f} ms",
    )
    late = measured.latency_seconds < measured.done_seconds - measured.sent_seconds
    yield Finding(
        what="latency counts from when a request was due, not from when it was sent",
        right=not late.any(),
        seen=f"{int(late.sum())} latencies are shorter than from their sending",
    )


def closed_findings(measured: MeasuredRound) -> Iterator[Finding]:
    """The closed loop: it stood still too, and so asked nothing: one wait alone tells."""
    latency = np.sort(measured.latency_seconds[_answered(measured)])
    yield Finding(
        what="the closed loop asks all of its plan, one at a time",
        right=len(latency) == measured.plan.places.size and _one_at_a_time(measured),
        seen=f"{measured.plan.places.size} planned, {len(latency)} answered",
    )
    p99, most = _p99(latency), float(latency[-1])
    yield Finding(
        what="the closed loop's p99 hides the stall that its longest wait shows",
        right=p99 < 0.9 * STALL_SECONDS < most,
        seen=f"p99 {p99 * 1e3:.1f} ms, longest {most * 1e3:.0f} ms",
    )


def beyond_findings(measured: MeasuredRound) -> Iterator[Finding]:
    """A rate that no client reaches is said to be none."""
    names = [mark.name for mark in measured.marks if mark.invalid]
    yield Finding(
        what="a rate beyond what the client can do marks the round invalid",
        right=RATE_NOT_REACHED in names and not measured.valid,
        seen=f"{measured.sent_seconds.size:,} of {measured.plan.places.size:,} sent, marks {names}",
    )
    result = summarise(measured, _workload(), tell=lambda _: Told())
    counted = sum(result.statuses.values())
    yield Finding(
        what="statuses count every request that was sent, once",
        right=counted == measured.sent_seconds.size
        and result.statuses == dict(Counter(measured.statuses))
        and result.latency.count == result.statuses.get(OK, 0),
        seen=f"{counted:,} counted, {result.latency.count:,} latencies",
    )


def table_findings() -> Iterator[Finding]:
    """The stage table, and sums of histograms, on latencies made up by hand."""
    latency = np.linspace(0.010, 0.500, 99)
    told = [Told(stage_seconds={"encode": 0.004, "rank": each / 100}) for each in latency]
    rows = stage_table(told, latency_seconds=latency)
    whole = sum(row.mean_ms for row in rows)
    yield Finding(
        what="the rows of the stage table add up to the whole",
        right=math.isclose(whole, latency.mean() * 1e3, rel_tol=1e-9),
        seen=f"{whole:.3f} ms in rows, {latency.mean() * 1e3:.3f} ms in all",
    )
    both = summed([latency_of(latency[:40]), latency_of(latency[40:])])
    yield Finding(
        what="histograms of two rounds add up to that of both",
        right=both.histogram == latency_of(latency).histogram and both.count == latency.size,
        seen=f"{both.count} in both",
    )
    stage = pb.StageTiming(stage="encode", duration=Duration(nanos=4_000_000))
    reply = pb.SearchProductsResponse(stages=[stage]).SerializeToString()
    read = summarise(_one_answer(reply), _workload()).stages
    yield Finding(
        what="a reply's own stages are read",
        right=[row.stage for row in read] == ["encode", "wire"]
        and math.isclose(read[0].mean_ms, 4.0),
        seen=", ".join(f"{row.stage} {row.mean_ms:.1f} ms" for row in read),
    )


def _one_answer(reply: bytes) -> MeasuredRound:
    return MeasuredRound(
        plan=in_order(constant(1.0, seconds=1.0), questions=1),
        sent_seconds=np.array([0.0]),
        done_seconds=np.array([0.010]),
        statuses=(OK,),
        replies=(reply,),
        started_at=0.0,
    )


def _workload() -> Workload:
    question = Question(kind=Kind.TEXT, request=b"question")
    return Workload(name="selfcheck", catalog="none", data="", questions=(question,))


def _answered(measured: MeasuredRound) -> list[bool]:
    return [status == OK for status in measured.statuses]


def _one_at_a_time(measured: MeasuredRound) -> bool:
    return bool((measured.sent_seconds[1:] >= measured.done_seconds[:-1]).all())


def _p99(rising: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(rising[math.ceil(0.99 * len(rising)) - 1])


if __name__ == "__main__":
    main()
