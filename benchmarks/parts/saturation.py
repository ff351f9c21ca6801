"""What a system answers at most, and the tail that it keeps at shares of that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.load.arrivals import in_order, in_turn, poisson
from benchmarks.load.highest_rate import Probe
from benchmarks.load.interleaving import Bench
from benchmarks.load.measured import Float64Array, Mark, MeasuredRound
from benchmarks.load.target import OK
from benchmarks.results.intervals import Estimate, median_of
from benchmarks.workloads.workload import Workload

CALLERS = (2, 4, 8, 12)
"""Callers of the closed loops that look for saturation; more would be refused at the door."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """Answers a second of the closed loop that had most, and its callers."""

    rate: Estimate
    callers: int
    by_callers: dict[int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Poisson arrivals at a share of saturation, over the valid rounds.

    Attributes:
        share: Of saturation.
        rate: Requests a second that were due.
        p99_over_p50: From when requests were due; None where no round was valid.
        p50_ms: The median of the rounds.
        p99_ms: The same.
        marks: What was found wrong with rounds, each once.
    """

    share: float
    rate: float
    p99_over_p50: Estimate | None
    p50_ms: float | None
    p99_ms: float | None
    marks: tuple[Mark, ...]


def closed_rate(
    bench: Bench, name: str, workload: Workload, *, callers: int, seconds: float, first: int = 0
) -> float:
    """Answers a second of one closed loop; 0 where nobody was answered."""
    plan = in_turn(callers, seconds=seconds, questions=len(workload.questions), first=first)
    measured = bench.round(name, workload, plan=plan, seconds=seconds, keep_replies=False)
    answered = sum(status == OK for status in measured.statuses)
    return answered / float(np.nanmax(measured.done_seconds)) if answered else 0.0


def saturation(
    bench: Bench, name: str, workload: Workload, *, rounds: int, seconds: float
) -> Saturation:
    """Look for the number of callers that is answered most, then measure it over rounds."""
    seen = {
        callers: closed_rate(bench, name, workload, callers=callers, seconds=seconds)
        for callers in CALLERS
    }
    best = max(seen, key=lambda callers: seen[callers])
    rates = [
        closed_rate(bench, name, workload, callers=best, seconds=seconds, first=number * 37)
        for number in range(rounds)
    ]
    return Saturation(rate=median_of(rates), callers=best, by_callers=seen)


def tails(
    bench: Bench,
    name: str,
    workload: Workload,
    *,
    shares: Sequence[float],
    saturated: float,
    rounds: int,
    seconds: float,
) -> list[Tail]:
    """The tails at shares of a rate, their rounds in turn."""
    found: dict[float, list[MeasuredRound]] = {share: [] for share in shares}
    for number in range(rounds):
        for share in shares:
            found[share].append(
                poisson_round(
                    bench, name, workload, rate=share * saturated, seconds=seconds, seed=number
                )
            )
    return [_tail(share, share * saturated, found[share]) for share in shares]


def poisson_round(
    bench: Bench, name: str, workload: Workload, *, rate: float, seconds: float, seed: int
) -> MeasuredRound:
    """One round of an open loop."""
    due = poisson(rate, seconds=seconds, seed=seed)
    plan = in_order(due, questions=len(workload.questions), first=seed * 37)
    return bench.round(name, workload, plan=plan, keep_replies=False)


def probing(
    bench: Bench, name: str, workload: Workload, *, seconds: float
) -> Callable[[float, int], Probe]:
    """A probe for `benchmarks.load.highest_rate`."""

    def probe(rate: float, number: int) -> Probe:
        measured = poisson_round(bench, name, workload, rate=rate, seconds=seconds, seed=number)
        fine = answered_seconds(measured)
        p50, p99 = np.percentile(fine, [50, 99]) * 1e3 if fine.size else (np.inf, np.inf)
        return Probe(
            rate=rate,
            p50_ms=float(p50),
            p99_ms=float(p99),
            throughput=fine.size / max(seconds, 1e-9),
            error_share=1 - fine.size / max(1, len(measured.statuses)),
            valid=measured.valid,
        )

    return probe


def answered_seconds(measured: MeasuredRound) -> Float64Array:
    """Latencies of the requests that were answered with OK, from when they were due."""
    fine = np.array([status == OK for status in measured.statuses], dtype=bool)
    waits: Float64Array = measured.latency_seconds[fine]
    return waits


def _tail(share: float, rate: float, rounds: Sequence[MeasuredRound]) -> Tail:
    marks = {mark.name: mark for each in rounds for mark in each.marks}
    waits = [answered_seconds(each) for each in rounds if each.valid]
    percentiles = [np.percentile(each, [50, 99]) * 1e3 for each in waits if each.size]
    if not percentiles:
        return Tail(
            share=share, rate=rate, p99_over_p50=None, p50_ms=None, p99_ms=None,
            marks=tuple(marks.values()),
        )  # fmt: skip
    p50, p99 = np.median(percentiles, axis=0).tolist()
    return Tail(
        share=share,
        rate=rate,
        p99_over_p50=median_of([float(each[1] / each[0]) for each in percentiles]),
        p50_ms=p50,
        p99_ms=p99,
        marks=tuple(marks.values()),
    )
