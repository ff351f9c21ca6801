"""Ours and the afternoon service: whether they answer alike, and the highest rate of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from google.protobuf.json_format import MessageToJson
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.load.generator import Generator
from benchmarks.load.highest_rate import HighestRate, highest_rates
from benchmarks.load.interleaving import Bench
from benchmarks.load.measured import Plan
from benchmarks.load.target import Target
from benchmarks.parts.saturation import probing
from benchmarks.parts.shop import request_of
from benchmarks.peers.afternoon.replies import ids_of
from benchmarks.results.intervals import Estimate
from benchmarks.workloads.workload import Workload
from server.evaluation.judged import JudgedQuery
from server.evaluation.quality import quality_of

FIRST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The answers of both to the same judged queries, without variety and rules.

    ``same_first_ten`` is the share of queries whose first ten are the same in the same order.
    """

    queries: int
    same_first_ten: float
    ndcg_at_10_ours: float
    ndcg_at_10_theirs: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The highest rates within one p99, their rounds in turn.

    ``over`` compares the best of ours with the service's; None where its rate was 0.
    """

    limit_ms: float
    by_system: Mapping[str, HighestRate]
    best_of_ours: str
    over: Estimate | None


def agreement(ours: Target, theirs: Target, queries: Sequence[JudgedQuery]) -> Agreement:
    """Ask both every judged query of words once."""
    asked = [request_of(query.text or "", variety=0.0) for query in queries]
    plain = [request_of(query.text or "") for query in queries]
    found = [_ours(each) for each in _replies(ours, [each.SerializeToString() for each in asked])]
    other = [
        ids_of(each) if each else []
        for each in _replies(theirs, [MessageToJson(each, indent=None).encode() for each in plain])
    ]
    same = [mine[:FIRST] == their[:FIRST] for mine, their in zip(found, other, strict=True)]
    return Agreement(
        queries=len(queries),
        same_first_ten=fmean(same),
        ndcg_at_10_ours=_ndcg(found, queries),
        ndcg_at_10_theirs=_ndcg(other, queries),
    )


def rates(
    bench: Bench,
    workload: Workload,
    *,
    ours: Sequence[str],
    theirs: str,
    limit_ms: float,
    start: float,
    rounds: int,
    seconds: float,
) -> Rates:
    """Find the highest rate of each system, as it ships, with Poisson arrivals."""
    found = highest_rates(
        {name: probing(bench, name, workload, seconds=seconds) for name in (*ours, theirs)},
        limit_ms=limit_ms,
        start=start,
        rounds=rounds,
    )
    best = max(ours, key=lambda name: found[name].median)
    return Rates(
        limit_ms=limit_ms,
        by_system=found,
        best_of_ours=best,
        over=_over(found[best], found[theirs]),
    )


def _over(ours: HighestRate, theirs: HighestRate) -> Estimate | None:
    """The ratio of the medians; its interval pairs the ends, as far apart as they can be."""
    if not theirs.low or not ours.low:
        return None
    middle = ours.median / theirs.median
    return Estimate(
        median=middle,
        rounds=min(len(ours.curve), len(theirs.curve)),
        low=ours.low / theirs.high,
        high=ours.high / theirs.low,
    )


def _replies(target: Target, requests: Sequence[bytes]) -> Sequence[bytes]:
    with Generator(target) as generator:
        once = Plan(
            due_seconds=np.zeros(len(requests)),
            places=np.arange(len(requests), dtype=np.int32),
            callers=1,
        )
        return generator.round(once, requests).replies


def _ours(reply: bytes) -> list[str]:
    hits = pb.SearchProductsResponse.FromString(reply).hits
    return [hit.product.name.rpartition("/")[2] for hit in hits]


def _ndcg(found: Sequence[Sequence[str]], queries: Sequence[JudgedQuery]) -> float:
    judged = zip(found, queries, strict=True)
    return fmean(quality_of(ids, query.grades).ndcg_10 for ids, query in judged)
