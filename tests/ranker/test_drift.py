"""The population stability index, worked by hand, and what holds for any rows."""

from __future__ import annotations

import json
from itertools import pairwise
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker import drift
from ranker.columns import Float32Array
from ranker.drift import Histogram
from ranker.errors import RankingError

NAN = float("nan")


def column(*values: float) -> Float32Array:
    return np.array(values, dtype=np.float32)[:, None]


def test_bins_are_the_deciles_and_one_for_the_unknown() -> None:
    found = drift.reference(column(*range(1, 21), *[NAN] * 5), ["price"])
    assert found["price"].edges == (2, 4, 6, 8, 10, 12, 14, 16, 18)
    assert found["price"].shares == pytest.approx([2 / 25] * 10 + [5 / 25])


def test_hand_worked_index() -> None:
    known = {"price": Histogram(edges=(10.0,), shares=(0.5, 0.25, 0.25))}
    # 10 is still in the first bin: shares 0.25, 0.5 and 0.25.
    seen = column(10, 11, 12, NAN)
    expected = (0.25 - 0.5) * log(0.25 / 0.5) + (0.5 - 0.25) * log(0.5 / 0.25)
    assert drift.psi(known, seen) == {"price": pytest.approx(expected)}


def test_an_empty_bin_counts_for_one_in_ten_thousand() -> None:
    known = {"stock": Histogram(edges=(0.0,), shares=(1.0, 0.0, 0.0))}
    seen = column(0, 5)
    expected = (0.5 - 1) * log(0.5) + (0.5 - 1e-4) * log(0.5 / 1e-4)
    assert drift.psi(known, seen)["stock"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("learnt", "seen"),
    [
        ([1.0] * 50, [0.0] * 50),
        ([1.0] * 50, [2.0] * 50),
        ([1.0] * 199 + [0.0], [0.0] * 200),
        ([0.0] * 199 + [1.0], [1.0] * 200),
        ([NAN] * 50, [0.0] * 50),
        ([0.0] * 50, [NAN] * 50),
        (list(range(50)), [float("inf")] * 50),
    ],
    ids=[
        "constant fell",
        "constant rose",
        "flag fell",
        "flag rose",
        "known",
        "unknown",
        "infinite",
    ],
)
def test_what_turned_has_drifted(learnt: list[float], seen: list[float]) -> None:
    found = drift.psi(drift.reference(column(*learnt), ["flag"]), column(*seen))
    assert found["flag"] > drift.DRIFTED


def test_the_same_world_has_not_moved() -> None:
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(20_000, 3)).astype(np.float32)
    rows[:, 1] = rng.random(20_000) < 0.3
    rows[rng.random(20_000) < 0.1, 2] = np.nan
    known = drift.reference(rows[:10_000], ["normal", "flag", "gaps"])
    assert all(value < drift.MOVED / 10 for value in drift.psi(known, rows[10_000:]).values())
    shifted = drift.psi(known, rows[10_000:] + np.array([1, 0, 0], dtype=np.float32))
    assert shifted["normal"] > drift.DRIFTED
    assert shifted["flag"] < drift.MOVED


values = st.sampled_from([NAN, 0.0, 1.0, np.inf, -np.inf]) | st.floats(-1e6, 1e6, width=32)
rows = st.lists(values, min_size=1, max_size=40)


@given(learnt=rows, seen=rows)
@settings(deadline=None)
def test_the_index_is_0_for_the_same_rows_and_never_below(
    learnt: list[float], seen: list[float]
) -> None:
    known = drift.reference(column(*learnt), ["any"])
    assert sum(known["any"].shares) == pytest.approx(1)
    assert drift.psi(known, column(*learnt))["any"] == pytest.approx(0)
    assert np.isfinite(found := drift.psi(known, column(*seen))["any"])
    assert found >= 0


@given(learnt=rows)
@settings(deadline=None)
def test_a_reference_comes_back_from_its_file(learnt: list[float]) -> None:
    known = drift.reference(column(*learnt), ["any"])
    document = json.dumps(drift.to_document(known), allow_nan=False)
    assert drift.from_document(json.loads(document)) == known


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"price": {"edges": [1.0]}},
        {"price": {"edges": ["x"], "shares": [0, 0, 1]}},
        {"price": {"edges": [1.0, 1.0], "shares": [0, 0, 0, 1]}},
        {"price": {"edges": [1.0], "shares": [1.0]}},
    ],
)
def test_a_broken_reference_is_refused(document: object) -> None:
    with pytest.raises(RankingError, match="train the version again"):
        drift.from_document(document)


@pytest.mark.parametrize("matrix", [np.empty((0, 1)), np.empty((3, 2)), np.empty(3)])
def test_rows_that_cannot_be_compared(matrix: Float32Array) -> None:
    with pytest.raises(RankingError):
        drift.reference(matrix, ["price"])
    with pytest.raises(RankingError):
        drift.psi({"price": Histogram(edges=(), shares=(1.0, 0.0))}, matrix)


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 30))
@settings(deadline=None)
def test_a_sample_is_even_and_small(lengths: list[int], most_rows: int) -> None:
    matrices = [np.full((length, 1), place, np.float32) for place, length in enumerate(lengths)]
    kept = drift.sampled(matrices, most_rows=most_rows)
    assert len(kept) <= 1 or sum(map(len, kept)) <= most_rows
    if sum(lengths) <= most_rows:
        assert len(kept) == len(lengths)
    places = [next(i for i, each in enumerate(matrices) if each is one) for one in kept]
    assert len({b - a for a, b in pairwise(places)}) <= 1
