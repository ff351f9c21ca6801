"""The kind of query, on every row alike."""

from collections.abc import Callable

import numpy as np
import pytest

from ranker.columns import CandidateColumns, QueryFacts
from ranker.features.query import FAMILY

RequestMaker = Callable[[int, int], tuple[QueryFacts, CandidateColumns]]


def test_hand_worked(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    asked = query(
        has_text=True,
        has_picture=True,
        chinese_share=0.75,
        term_groups=(np.array([1], dtype=np.int32), np.array([2], dtype=np.int32)),
        term_weights=np.ones(2, dtype=np.float32),
    )
    named = FAMILY.named(asked, candidates(2))
    expected = {
        "has_text": 1,
        "has_picture": 1,
        "has_example": 0,
        "chinese_share": 0.75,
        "words": 2,
        "has_person": 0,
    }
    assert named.keys() == expected.keys()
    for name, value in expected.items():
        assert named[name].tolist() == pytest.approx([value, value]), name


def test_a_picture_has_no_script(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    assert np.isnan(FAMILY.named(query(), candidates(1))["chinese_share"]).all()


def test_a_shopper_who_is_known(request_of: RequestMaker) -> None:
    asked = [request_of(seed, 3) for seed in range(10)]
    known = [FAMILY.named(*each)["has_person"].tolist() for each in asked]
    assert known == [[float(query.person is not None)] * 3 for query, _ in asked]
    assert len({row[0] for row in known}) == 2
