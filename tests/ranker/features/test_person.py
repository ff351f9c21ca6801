"""How products fit a shopper, worked by hand."""

from collections.abc import Callable
from math import log

import numpy as np
import pytest

from ranker.columns import CandidateColumns, PersonFacts, QueryFacts
from ranker.features.person import FAMILY

NAN = float("nan")


def shopper(**known: object) -> PersonFacts:
    facts: dict[str, object] = {
        "events": 3.0,
        "vector": np.array([0.6, 0.8], dtype=np.float32),
        "brands": np.array([7, 2], dtype=np.int32),
        "brand_shares": np.array([0.75, 0.25], dtype=np.float32),
        "categories": np.array([5], dtype=np.int32),
        "category_shares": np.array([0.5], dtype=np.float32),
        "log_price": log(20),
        "log_price_spread": 0.5,
        "bought_groups": np.array([9, 4], dtype=np.int32),
    }
    return PersonFacts(**(facts | known))  # type: ignore[arg-type]


def test_hand_worked(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    named = FAMILY.named(
        query(person=shopper()),
        candidates(
            4,
            vectors=[[127, 0], [0, 127], [0, 0], [0, -127]],
            brand=[2, 7, 3, -1],
            category=[5, 6, -1, 5],
            group=[4, 5, 9, -1],
        ),
    )
    # Cosines 0.6, 0.8 and -0.8: mean 0.2, deviation sqrt((0.16 + 0.36 + 1) / 3).
    spread = (1.52 / 3) ** 0.5
    expected = {
        "person_similarity": [0.6, 0.8, NAN, -0.8],
        "person_similarity_z": [0.4 / spread, 0.6 / spread, NAN, -1 / spread],
        "person_similarity_gap": [-0.2, 0, NAN, -1.6],
        "person_brand_share": [0.25, 0.75, 0, NAN],
        "person_category_share": [0.5, 0, NAN, 0.5],
        "person_bought": [1, 0, 1, NAN],
        "person_evidence": [log(4)] * 4,
    }
    assert named.keys() == expected.keys()
    for name, values in expected.items():
        assert named[name].tolist() == pytest.approx(values, abs=1e-5, nan_ok=True), name


def test_of_nobody_nothing_is_known(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    known = candidates(2, vectors=[[127, 0], [0, 127]], brand=[1, 2], category=[1, 2], group=[1, 2])
    assert np.isnan(FAMILY.compute(query(), known)).all()


def test_a_shopper_of_whom_only_the_number_of_events_is_known(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    none, nowhere = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32)
    who = shopper(
        vector=np.zeros(2, dtype=np.float32),
        brands=none,
        brand_shares=nowhere,
        categories=none,
        category_shares=nowhere,
        bought_groups=none,
    )
    named = FAMILY.named(
        query(person=who), candidates(2, vectors=[[127, 0], [0, 127]], brand=[1, -1], group=[1, 2])
    )
    for name in ("person_similarity", "person_similarity_z", "person_similarity_gap"):
        assert np.isnan(named[name]).all(), name
    assert named["person_brand_share"].tolist() == pytest.approx([0, NAN], nan_ok=True)
    assert named["person_bought"].tolist() == [0, 0]
