"""Times several ways of doing the same jobs in turn, and compares them job by job."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.results.intervals import Estimate, median_of

Job = Callable[[int], object]
"""Does the job of a number, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds by name of the way, float64 (rounds, jobs)."""

    seconds: Mapping[str, npt.NDArray[np.float64]]

    def ratio(self, above: str, below: str | Sequence[str]) -> Estimate:
        """How much longer one way takes than others together, over the rounds.

        A round's figure is the median over its jobs of each job's own ratio: jobs differ, and a
        median of one way's times need not be of the same job as that of the other's.

        >>> times = Times(seconds={"a": np.array([[2.0, 9.0]]), "b": np.array([[1.0, 3.0]])})
        >>> times.ratio("a", "b").median
        2.5
        """
        names = [below] if isinstance(below, str) else below
        sums = np.sum([self.seconds[name] for name in names], axis=0)
        return median_of(np.median(self.seconds[above] / sums, axis=1).tolist())

    def milliseconds(self) -> dict[str, float]:
        """By name, the median over the rounds of each round's median."""
        return {
            name: round(float(np.median(np.median(each, axis=1))) * 1e3, 4)
            for name, each in self.seconds.items()
        }


def in_turn(ways: Mapping[str, Job], *, rounds: int, jobs: int, blocks: bool = False) -> Times:
    """Do every job in every way, in each round; one round before the first warms up.

    Args:
        ways: By name.
        rounds: How many are kept; in every other one the ways come in the other order.
        jobs: How many jobs a round.
        blocks: Whether one way does all of its jobs before the next begins, as processes that
            would otherwise find their caches cold; else the ways take turns job by job.
    """
    kept: dict[str, list[list[float]]] = {name: [] for name in ways}
    for round_ in range(rounds + 1):
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        order = list(ways.items())[:: -1 if round_ % 2 else 1]
        if blocks:
            turns = [(number, name, way) for name, way in order for number in range(jobs)]
        else:
            turns = [(number, name, way) for number in range(jobs) for name, way in order]
        for number, name, way in turns:
            started = time.perf_counter()
            way(number)
            seconds[name].append(time.perf_counter() - started)
        if round_:
            for name, each in seconds.items():
                kept[name].append(each)
    return Times(seconds={name: np.array(each) for name, each in kept.items()})
