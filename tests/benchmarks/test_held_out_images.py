"""The dealing of groups and the judging of unseen pictures, worked by hand."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exporter's extra is not installed")

from benchmarks.held_out_images import _quality, deal
from server.evaluation.judged import JudgedQuery


def test_a_group_is_never_split_and_folds_are_even() -> None:
    groups = [f"g{number % 10}" for number in range(40)]
    folds = deal(groups, folds=4, seed=3)
    assert len({(group, fold) for group, fold in zip(groups, folds, strict=True)}) == 10
    assert sorted(Counter(folds[:10].tolist()).values()) == [2, 2, 3, 3]
    assert (deal(groups, folds=4, seed=3) == folds).all()
    assert (deal(groups, folds=4, seed=4) != folds).any()


def test_only_what_is_shown_is_judged() -> None:
    query = JudgedQuery(line=1, text="q", picture=None, language="en", grades={"a": 2, "c": 1})
    likeness = np.array([[0.1, 0.9, 0.5]], np.float32)
    every = np.array([True, True, True])
    # In order b, c, a: 1 over log2(3) and 3 over log2(4), of 3 and 1 over log2(3).
    best = 3 + 1 / math.log2(3)
    found = _quality(likeness, [query], ids=["a", "b", "c"], shown=every)
    assert found == pytest.approx((1 / math.log2(3) + 3 / 2) / best)
    without_b = np.array([True, False, True])
    found = _quality(likeness, [query], ids=["a", "b", "c"], shown=without_b)
    assert found == pytest.approx((1 + 3 / math.log2(3)) / best)
