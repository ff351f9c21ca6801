"""The curve of order against variety, on a list worked by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from benchmarks.judged_shop import JudgedCandidates
from benchmarks.variety import STRENGTHS, curve, rows_of
from ranker.columns import Int8Array
from ranker.diversify import Method

# Ten copies of what is asked for, best first, and ten products of ten other kinds.
_KINDS = [0] * 10 + list(range(1, 11))


@dataclass(frozen=True, slots=True)
class Vectors:
    """All that the curve reads of a query's columns."""

    vectors: Int8Array


@pytest.mark.parametrize("method", Method)
def test_variety_costs_order_and_gives_distance(method: Method) -> None:
    query = JudgedCandidates(
        key="q",
        facts=None,  # type: ignore[arg-type] # the scores are given
        columns=Vectors((np.eye(11)[_KINDS] * 127).astype(np.int8)),  # type: ignore[arg-type]
        products=tuple(map(str, range(20))),
        grades=np.array([1] * 10 + [0] * 10, dtype=np.int32),
        missed=(),
    )
    scores = np.linspace(1, 0, 20, dtype=np.float32)
    rows = rows_of(curve([query], [scores], method=method))

    assert [row["strength"] for row in rows] == list(STRENGTHS)
    first, last = rows[0], rows[-1]
    assert (first["ndcg@10"], first["ndcg_change"], first["intra_list_distance@10"]) == (1, 0, 0)
    # One copy and nine others, all at right angles: 1 / (1 + 1/log2(3) + ... + 1/log2(11)).
    assert (last["ndcg@10"], last["intra_list_distance@10"]) == (0.2201, 1.0)
    assert last["ndcg_change"] == last["low"] == last["high"] == -0.7799
    distances = [row["intra_list_distance@10"] for row in rows]
    assert distances == sorted(distances)
