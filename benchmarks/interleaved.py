"""Times variants of one job in turn, call by call, so that a busy machine slows all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

Rounds = list[dict[str, float]]
"""The median seconds of every variant, for each round."""


def interleaved(
    variants: Mapping[str, Callable[[int], object]], *, rounds: int, calls: int
) -> Rounds:
    """Call each variant with 0 to ``calls`` - 1 in every round, all variants for each number.

    One round before the first warms up and is left out. In odd rounds the order is turned round,
    so that none profits from always coming after another.
    """
    measured: Rounds = []
    for place in range(rounds + 1):
        seconds: dict[str, list[float]] = {name: [] for name in variants}
        order = list(variants.items())
        if place % 2:
            order.reverse()
        for number in range(calls):
            for name, variant in order:
                started = time.perf_counter()
                variant(number)
                seconds[name].append(time.perf_counter() - started)
        if place:
            measured.append({name: median(values) for name, values in seconds.items()})
    return measured


def median_of(rounds: Rounds, figure: Callable[[dict[str, float]], float]) -> float:
    """Median over the rounds of a figure made of one round's medians.

    >>> median_of([{"a": 1, "b": 2}, {"a": 3, "b": 2}, {"a": 1, "b": 1}], lambda r: r["a"] / r["b"])
    1.0
    """
    return median(figure(each) for each in rounds)


def milliseconds(rounds: Rounds) -> dict[str, float]:
    """Median over the rounds of each variant's median, in milliseconds."""
    return {name: round(median(each[name] for each in rounds) * 1_000, 3) for name in rounds[0]}
