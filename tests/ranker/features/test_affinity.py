"""How far a product's values stand out, worked by hand."""

from collections.abc import Callable

import pytest

from ranker.columns import AffinityField, CandidateColumns, Float32Array, QueryFacts
from ranker.features.affinity import FAMILY

NAN = float("nan")


def test_hand_worked(
    query: Callable[..., QueryFacts],
    candidates: Callable[..., CandidateColumns],
    floats: Callable[..., Float32Array],
) -> None:
    named = FAMILY.named(
        query(),
        candidates(
            4,
            # Two red products, one blue, one without colour; brands are known of nobody.
            affinities={AffinityField.COLOR: floats(3, 3, -1, NAN)},
        ),
    )
    expected = {
        "color_affinity": [3, 3, -1, NAN],
        "color_affinity_gap": [0, 0, -4, NAN],
        "color_affinity_reciprocal_rank": [1, 1, 1 / 2, NAN],
    }
    for name, values in expected.items():
        assert named.pop(name).tolist() == pytest.approx(values, nan_ok=True), name
    assert len(named) == 3 * (len(AffinityField) - 1)
    for name, row in named.items():
        assert row.tolist() == pytest.approx([NAN] * 4, nan_ok=True), name
