"""Rounds of sizes as the records that results keep and pages draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median

import numpy as np

from benchmarks.results.intervals import Estimate, paired_ratio
from benchmarks.scale.exact import recall
from benchmarks.scale.measure import MeasuredSize, SizeRound
from server.arrays import Float64Array, Int64Array

SMALL, LARGE = 10_000, 1_000_000
"""The sizes that the goal compares."""


def record(engine: str, size: MeasuredSize, truth: Int64Array) -> dict[str, object]:
    """One engine at one size: times are medians over rounds, recall is that of all that was asked.

    ``truth`` holds the true numbers of every text, best first, int64 (n, k).
    """
    found = {
        place: ids
        for each in size.rounds
        for place, ids in zip(each.places, each.found, strict=True)
    }
    true = truth[list(found)]
    answers = list(found.values())

    def over(values: Callable[[SizeRound], Float64Array], percentile: float) -> float:
        return round(median(float(np.percentile(values(r), percentile)) for r in size.rounds), 3)

    return {
        "engine": engine,
        "size": size.build.products,
        "about": size.build.about,
        "build_seconds": round(size.build.seconds, 1),
        "memory_mb": round(size.memory_mb, 1),
        "recall_at_10": round(recall(answers, true, at=10), 4),
        "recall_at_100": round(recall(answers, true, at=100), 4),
        "p50_ms": over(lambda each: each.search_ms, 50),
        "p99_ms": over(lambda each: each.search_ms, 99),
        "text_p50_ms": over(lambda each: each.text_ms, 50),
        "text_p99_ms": over(lambda each: each.text_ms, 99),
        "queries_a_round": min(len(each.places) for each in size.rounds),
        "rounds": len(size.rounds),
    }


def text_ratio(sizes: Mapping[int, MeasuredSize]) -> Estimate | None:
    """A whole text query at a million over one at ten thousand, by round; None without both."""
    if SMALL not in sizes or LARGE not in sizes:
        return None
    small, large = sizes[SMALL].rounds, sizes[LARGE].rounds
    return paired_ratio(
        [float(np.median(each.text_ms)) for each in large],
        [float(np.median(each.text_ms)) for each in small],
    )
