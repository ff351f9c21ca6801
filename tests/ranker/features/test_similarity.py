"""Likeness by view, worked by hand."""

from collections.abc import Callable

import pytest

from ranker.columns import CandidateColumns, QueryFacts
from ranker.features.similarity import FAMILY

NAN = float("nan")


def test_hand_worked(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    named = FAMILY.named(
        query(),
        candidates(
            3,
            # Mean 0.5 and deviation sqrt(0.02 * 2 / 3); the two known texts have deviation 0.1.
            retrieval_score=[0.7, 0.5, 0.3],
            text_similarity=[0.4, NAN, 0.6],
            # Mean 0.3 and deviation 0.1 * sqrt(2).
            image_similarity=[0.3, 0.3 + 0.1 * 3**0.5, 0.3 - 0.1 * 3**0.5],
        ),
    )
    far = 0.2 / (0.08 / 3) ** 0.5
    expected = {
        "retrieval_z": [far, 0, -far],
        "text_z": [-1, NAN, 1],
        "image_z": [0, 1.5**0.5, -(1.5**0.5)],
        "retrieval_gap": [0, -far, -2 * far],
        "text_gap": [-2, NAN, 0],
        "image_gap": [-(1.5**0.5), 0, -(6**0.5)],
        "retrieval_reciprocal_rank": [1, 1 / 2, 1 / 3],
        "text_reciprocal_rank": [1 / 2, NAN, 1],
        "image_reciprocal_rank": [1 / 2, 1, 1 / 3],
        "retrieval_min_max": [1, 0.5, 0],
    }
    assert named.keys() == expected.keys()
    for name, values in expected.items():
        assert named[name].tolist() == pytest.approx(values, abs=1e-5, nan_ok=True), name
