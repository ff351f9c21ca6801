"""Rounds become medians, recall over all that was asked, and a ratio round by round."""

import numpy as np
import pytest

from benchmarks.scale.kept import Build
from benchmarks.scale.measure import MeasuredSize, SizeRound
from benchmarks.scale.records import record, text_ratio

TRUTH = np.array([[0, 1], [2, 3], [4, 5]])


def one_round(places: list[int], search: float, text: float, found: list[list[str]]) -> SizeRound:
    return SizeRound(
        places=places,
        search_ms=np.full(len(places), search),
        text_ms=np.full(len(places), text),
        found=found,
    )


def size(products: int, rounds: list[SizeRound]) -> MeasuredSize:
    build = Build(products=products, about="engine 1", data="d", seconds=12.34)
    return MeasuredSize(build=build, memory_mb=56.78, rounds=rounds)


def test_times_are_medians_over_rounds_and_recall_is_of_every_text_asked() -> None:
    made = record(
        "fake",
        size(
            10_000,
            [
                one_round([0, 1], 1.0, 4.0, [["0000000", "0000001"], ["0000002", "0000009"]]),
                one_round([2], 3.0, 8.0, [["0000004", "0000008"]]),
                one_round([0], 2.0, 6.0, [["0000000", "0000001"]]),
            ],
        ),
        TRUTH,
    )
    assert made == {
        "engine": "fake", "size": 10_000, "about": "engine 1",
        "build_seconds": 12.3, "memory_mb": 56.8,
        # Of two true products each: both, one, one.
        "recall_at_10": 0.6667, "recall_at_100": 0.6667,
        "p50_ms": 2.0, "p99_ms": 2.0, "text_p50_ms": 6.0, "text_p99_ms": 6.0,
        "queries_a_round": 1, "rounds": 3,
    }  # fmt: skip


def test_the_ratio_pairs_rounds() -> None:
    small = [one_round([0], 1, each, [[]]) for each in (10.0, 20.0, 10.0)]
    large = [one_round([0], 1, each, [[]]) for each in (15.0, 24.0, 18.0)]
    ratio = text_ratio({10_000: size(10_000, small), 1_000_000: size(1_000_000, large)})
    # 1.5, 1.2 and 1.8, not 18 over 10.
    assert ratio is not None
    assert (ratio.median, ratio.low, ratio.high) == (1.5, 1.2, 1.8)


@pytest.mark.parametrize("sizes", [(10_000,), (1_000_000,), (10_000, 100_000), ()])
def test_there_is_no_ratio_without_both_sizes(sizes: tuple[int, ...]) -> None:
    assert text_ratio({each: size(each, [one_round([0], 1, 1, [[]])]) for each in sizes}) is None
