"""Hits as columns are the same hits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from server.hits import FiredRule, RankedHit, RankedHits


def hit(product_id: str, score: float, **parts: float) -> RankedHit:
    return RankedHit(
        product_id=product_id,
        score=score,
        text_similarity=0.5,
        image_similarity=-0.25,
        lexical_score=2.0,
        contributions=parts,
    )


HITS = [hit("a", 1.0, bias=0.25, price=0.75), hit("b", 0.5, bias=0.25, price=0.25)]


def test_columns_give_back_the_hits_one_by_one_and_sliced() -> None:
    columns = RankedHits.of(HITS)
    assert list(columns) == HITS
    assert columns[-1] == HITS[-1]
    assert list(columns[1:]) == HITS[1:]
    assert len(columns[5:]) == 0
    assert RankedHits.of(columns) is columns
    with pytest.raises(IndexError):
        columns[2]


def test_fired_rules_stay_with_their_hits() -> None:
    fired = (FiredRule(name="catalogs/shop/rules/r", action="pin"),)
    hits = [replace(hit(str(place), 1.0), rules=fired if place == 3 else ()) for place in range(5)]
    columns = RankedHits.of(hits)
    assert list(columns) == hits
    assert list(columns[2:5]) == hits[2:5]
    assert columns[-2].rules == fired
    assert not columns[:3].rules


def test_no_hits_and_no_contributions_are_fine() -> None:
    assert list(RankedHits.of([])) == []
    assert list(RankedHits.of([hit("a", 1.0)])) == [hit("a", 1.0)]


def test_unknown_likeness_stays_unknown() -> None:
    numbers = np.array([[1.0, np.nan, np.nan, np.nan]], np.float32)
    (only,) = RankedHits(["a"], numbers)
    assert math.isnan(only.text_similarity)
    assert math.isnan(only.image_similarity)
    assert math.isnan(only.lexical_score)
    assert only.contributions == {}
