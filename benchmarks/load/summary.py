"""Turns what a round measured, request by request, into the figures of its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from benchmarks.load.histogram import latency_of
from benchmarks.load.measured import Float64Array, Int32Array, MeasuredRound
from benchmarks.load.replies import Tell, Told, told_by_search
from benchmarks.load.target import OK
from benchmarks.results.values import STAGES, Latency, Quality, RoundResult, StageTime
from benchmarks.workloads.workload import Workload

OTHER: Final = "other"
WIRE: Final = "wire"

Judge = Callable[[Workload, Sequence[bytes], Int32Array], Quality]
"""The workload, replies, and which question each of them answers."""


def summarise(
    measured: MeasuredRound,
    workload: Workload,
    judge: Judge | None = None,
    *,
    tell: Tell = told_by_search,
    rate: float | None = None,
    seconds: float | None = None,
) -> RoundResult:
    """The figures of one round; replies are read here, off the clock.

    ``rate`` and ``seconds`` are what was asked for: where arrivals are random, a plan comes to a
    little more or less. None for what it came to.

    Latencies are those of requests answered with OK, from when they were due. CPU and memory are
    of all requests, as a refused one costs too.
    """
    sent = measured.sent_seconds.size
    places = measured.plan.places[:sent]
    answered = np.fromiter((each == OK for each in measured.statuses), dtype=bool, count=sent)
    latency = measured.latency_seconds
    told = [tell(reply) for reply, fine in zip(measured.replies, answered, strict=True) if fine]
    took = max(_seconds(measured), seconds or 0.0)
    return RoundResult(
        planned_rate=None if measured.plan.callers else rate or rate_of(measured.plan.due_seconds),
        sent_rate=rate_of(measured.sent_seconds),
        throughput=float(answered.sum()) / took if took > 0 else 0.0,
        seconds=took,
        latency=latency_of(latency[answered]),
        by_kind=_by_kind(workload, latency=latency, answered=answered, places=places),
        statuses=dict(sorted(Counter(measured.statuses).items())),
        fallbacks=dict(sorted(Counter(each for one in told for each in one.fallbacks).items())),
        stages=stage_table(told, latency_seconds=latency[answered]),
        cpu_ms_a_request={
            name: used.cpu_seconds * 1e3 / sent for name, used in measured.used.items() if sent
        },
        resident_mb={name: used.resident_mb for name, used in measured.used.items()},
        quality=judge(workload, measured.replies, places) if judge else Quality(judged=0),
        marks=measured.marks,
    )


def stage_table(told: Sequence[Told], *, latency_seconds: Float64Array) -> tuple[StageTime, ...]:
    """Rows in the order of `STAGES`, those that some reply told of and `wire`.

    A stage that a reply did not tell of took it no time, and one without a row counts as `other`.
    `wire` is what is left of each latency, so the rows' means add up to the mean latency.
    """
    columns: dict[str, Float64Array] = {}
    for number, one in enumerate(told):
        for stage, seconds in one.stage_seconds.items():
            row = stage if stage in STAGES and stage != WIRE else OTHER
            if row not in columns:
                columns[row] = np.zeros(len(told))
            columns[row][number] += seconds
    if not told:
        return ()
    columns[WIRE] = latency_seconds - sum(columns.values(), np.zeros(len(told)))
    return tuple(
        StageTime(
            stage=stage,
            mean_ms=float(columns[stage].mean()) * 1e3,
            p50_ms=_percentile(columns[stage], 50),
            p99_ms=_percentile(columns[stage], 99),
        )
        for stage in STAGES
        if stage in columns
    )


def rate_of(seconds: Float64Array) -> float:
    """Requests a second over the time from the first to the last; 0 for fewer than two.

    >>> rate_of(np.array([0.0, 0.5, 1.0]))
    2.0
    """
    span = float(seconds[-1] - seconds[0]) if seconds.size else 0.0
    return (seconds.size - 1) / span if span > 0 else 0.0


def _seconds(measured: MeasuredRound) -> float:
    """From when the first request was due until the last outcome, or until the last was due."""
    if not measured.sent_seconds.size:
        return 0.0
    due = measured.due_seconds
    ends = [float(due[-1]), float(measured.sent_seconds[-1])]
    ended = measured.done_seconds[~np.isnan(measured.done_seconds)]
    if ended.size:
        ends.append(float(ended.max()))
    return max(ends) - float(due[0])


def _by_kind(
    workload: Workload,
    *,
    latency: Float64Array,
    answered: np.ndarray[tuple[int], np.dtype[np.bool_]],
    places: Int32Array,
) -> Mapping[str, Latency]:
    kinds = np.array([question.kind.value for question in workload.questions])
    asked = kinds[places]
    return {str(kind): latency_of(latency[answered & (asked == kind)]) for kind in np.unique(asked)}


def _percentile(seconds: Float64Array, share: float) -> float:
    return float(np.percentile(seconds, share, method="inverted_cdf")) * 1e3
