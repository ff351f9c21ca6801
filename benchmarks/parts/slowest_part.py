"""What a server answers at most beside what the machine does of each bare part at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.load.interleaving import Bench
from benchmarks.parts.capacity import Capacity
from benchmarks.parts.saturation import closed_rate
from benchmarks.results.intervals import Estimate, median_of, paired_ratio
from benchmarks.workloads.workload import Workload

COMPUTED = ("encode", "search", "predict")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowestPart:
    """Rates in closed loops, rounds in turn.

    Attributes:
        over_slowest: The best of ours over the part that was done least often in the same round.
        best_of_ours: Which that is: the one with the highest median.
        a_second: By name, of ours and of each part.
        slowest: The part that was slowest over all rounds.
    """

    over_slowest: Estimate
    best_of_ours: str
    a_second: Mapping[str, Estimate]
    slowest: str


def measured(
    bench: Bench,
    workload: Workload,
    *,
    ours: Sequence[str],
    echo: str,
    parts: Capacity,
    callers: int,
    rounds: int,
    seconds: float,
) -> SlowestPart:
    """Measure everything once a round, one after the other.

    ``ours`` names systems of the bench, at least one, and ``echo`` another.
    """
    rates: dict[str, list[float]] = {}
    for number in range(rounds):
        first = number * 37
        for name in (*ours, echo):
            rate = closed_rate(bench, name, workload, callers=callers, seconds=seconds, first=first)
            rates.setdefault(name, []).append(rate)
        for part in COMPUTED:
            rates.setdefault(part, []).append(parts.a_second(part, seconds=seconds))
    bare = {name: each for name, each in rates.items() if name not in ours}
    least = [min(each) for each in zip(*bare.values(), strict=True)]
    estimates = {name: median_of(each) for name, each in rates.items()}
    best = max(ours, key=lambda name: estimates[name].median)
    return SlowestPart(
        over_slowest=paired_ratio(rates[best], least),
        best_of_ours=best,
        a_second=estimates,
        slowest=min(bare, key=lambda name: estimates[name].median),
    )
