"""Results made in code: small, with round numbers that a reader can check by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.load.histogram import latency_of
from benchmarks.load.measured import Mark
from benchmarks.results.values import (
    BenchResult,
    Data,
    Quality,
    RoundResult,
    StageTime,
    SystemResult,
)

GONE = Mark(name="SERVER_GONE", invalid=True, text="The server went away after 7 of 100 requests.")
BUSY = Mark(name="MACHINE_BUSY", invalid=False, text="Other processes took 23% of 2 cores.")


def made_round(
    *,
    milliseconds: Sequence[float] = (8.0, 9.0, 10.0, 20.0),
    rate: float | None = 40.0,
    throughput: float = 40.0,
    statuses: Mapping[str, int] | None = None,
    cpu_ms: float = 6.0,
    memory_mb: float = 400.0,
    ndcg: float | None = 0.95,
    marks: tuple[Mark, ...] = (),
    stages: bool = True,
) -> RoundResult:
    """A round whose requests took ``milliseconds``."""
    latency = latency_of(np.asarray(milliseconds) / 1000)
    parts = {"encode": 0.5, "retrieve": 0.3, "wire": 0.2} if stages and len(milliseconds) else {}
    return RoundResult(
        planned_rate=rate,
        sent_rate=rate or throughput,
        throughput=throughput,
        seconds=10.0,
        latency=latency,
        by_kind={"text": latency},
        statuses=statuses or {"OK": len(milliseconds)},
        fallbacks={},
        stages=tuple(
            StageTime(
                stage=stage,
                mean_ms=share * latency.mean_ms,
                p50_ms=share * latency.percentiles_ms["50"],
                p99_ms=share * latency.percentiles_ms["99"],
            )
            for stage, share in parts.items()
        ),
        cpu_ms_a_request={"server": cpu_ms, "engine": 1.0, "client": 50.0},
        resident_mb={"server": memory_mb, "client": 90.0},
        quality=Quality(judged=4, ndcg_at_10=ndcg, recall_at_50=0.99),
        marks=marks,
    )


def made_system(
    name: str = "omnishelf",
    *,
    times: Sequence[float] = (1.0, 1.1, 0.9, 1.05, 0.95),
    **settings: object,
) -> SystemResult:
    """Five rounds whose latencies are a plain round's, times each of ``times``."""
    plain = np.array([8.0, 9.0, 10.0, 20.0])
    rounds = tuple(made_round(milliseconds=(plain * each).tolist()) for each in times)
    about = {"bundle": "starter_1", **{key: str(value) for key, value in settings.items()}}
    return SystemResult(name=name, about=about, rounds=rounds)


def made_result(
    *systems: SystemResult, command: str = "run", figures: Mapping[str, object] | None = None
) -> BenchResult:
    """A result of ``systems``, by default of one."""
    return BenchResult(
        command=command,
        made_at="2026-11-21T20:55:00+00:00",
        arguments={"rate": "40", "rounds": "5", "kinds": "text"},
        machine={
            "processor": "Some EPYC",
            "cores": "2",
            "memory_gb": "24",
            "system": "Linux 6.18 x86_64",
            "python": "3.11.7",
        },
        versions={"omnishelf": "0.1.0", "numpy": "2.4.6"},
        data=Data(
            catalog_sha256="c" * 64,
            products=449,
            workload="luma text",
            workload_sha256="d" * 64,
            kinds={"text": 145},
        ),
        arrivals="poisson",
        systems=systems or (made_system(),),
        figures=figures or {},
    )


def with_marks(system: SystemResult, marks: Mapping[int, Mark]) -> SystemResult:
    """The system with a mark on some of its rounds, by place from 0."""
    rounds = tuple(
        replace(each, marks=(*each.marks, marks[place])) if place in marks else each
        for place, each in enumerate(system.rounds)
    )
    return replace(system, rounds=rounds)
