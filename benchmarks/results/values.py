"""What a benchmark found, as its JSON file holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from benchmarks.load.measured import Mark

SCHEMA: Final = "omnishelf.bench/1"

PERCENTILES: Final = (50.0, 75.0, 90.0, 95.0, 99.0, 99.9)

STAGES: Final = (
    "queue", "decode", "encode", "retrieve", "signals", "features", "rank", "rules", "diversify",
    "serialise", "other", "wire",
)  # fmt: skip
"""Rows of a stage table, in order. `other` is what the server took between its stages; `wire` is
all else from when the request was due until its reply was there: the client, gRPC, the network.
They add up to the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Percentiles of latencies in milliseconds, from an HdrHistogram of three digits.

    Where nothing was answered, ``count`` is 0, the times are 0 and there are no percentiles.
    """

    count: int
    mean_ms: float
    least_ms: float
    most_ms: float
    percentiles_ms: Mapping[str, float]
    """By name: "50", "75", "90", "95", "99", "99.9"."""
    histogram: str
    """HdrHistogram's V2 encoding in base64, of microseconds: histograms can be added later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTime:
    """One row of a stage table, in milliseconds; the means of all rows add up to the whole's."""

    stage: str
    mean_ms: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How good the answers of the same requests were; None where nothing was judged."""

    judged: int
    recall_at_50: float | None = None
    ndcg_at_10: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundResult:
    """One round of one system."""

    planned_rate: float | None
    """Requests a second; None in a closed loop."""
    sent_rate: float
    throughput: float
    """Requests a second that were answered with OK."""
    seconds: float
    latency: Latency
    """Of requests answered with OK, from when they were due."""
    by_kind: Mapping[str, Latency]
    statuses: Mapping[str, int]
    fallbacks: Mapping[str, int]
    """By `stage:used:reason`."""
    stages: tuple[StageTime, ...]
    cpu_ms_a_request: Mapping[str, float]
    resident_mb: Mapping[str, float]
    quality: Quality
    marks: tuple[Mark, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether it may be averaged in."""
        return not any(mark.invalid for mark in self.marks)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemResult:
    """All rounds of one system, in the order they were run."""

    name: str
    about: Mapping[str, str]
    """What it was: encoder bundle, index, ranker, version, settings that matter."""
    rounds: tuple[RoundResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What was searched and asked: results of different data are not compared."""

    catalog_sha256: str
    products: int
    workload: str
    workload_sha256: str
    kinds: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchResult:
    """One run of a command of `omnishelf bench`."""

    command: str
    """`run`, `sweep`, `scale` or `parts`."""
    made_at: str
    """ISO 8601, UTC."""
    arguments: Mapping[str, str]
    machine: Mapping[str, str]
    """`processor`, `cores`, `memory_gb`, `system`, `python`."""
    versions: Mapping[str, str]
    """Of the packages that matter to speed."""
    data: Data
    arrivals: str
    """`constant`, `poisson`, `replayed` or `closed`."""
    systems: tuple[SystemResult, ...]
    figures: Mapping[str, object] = field(default_factory=dict)
    """What the command found over its rounds (`highest_rate`, `rank_over_bare`, ...): numbers,
    intervals as {"median", "low", "high"}, or lists of records; None where not measured.
    Values are those of JSON. Pages draw these records, whose other keys become columns:
    `curve` of a sweep, {"rate", "p50", "p99", "throughput", "valid"} with a "system" where several;
    `scale`, {"engine", "size", "p50_ms", "p99_ms", ...}. Why a figure was not measured is told
    under `reasons`, {name: sentence}."""
    notes: tuple[str, ...] = ()
    schema: str = SCHEMA
