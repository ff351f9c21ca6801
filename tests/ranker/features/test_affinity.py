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
            # Two red products, one blue, one without colour; roots are known of nobody.
            affinities={
                AffinityField.COLOR: floats(3, 3, -1, NAN),
                AffinityField.BRAND: floats(-2, 0, 1, 0),
                AffinityField.CATEGORY_LEAF: floats(0.5, NAN, NAN, NAN),
                AffinityField.CATEGORY_PATH: floats(4, 3, 2, 1),
            },
        ),
    )
    expected = {
        "color_affinity": [3, 3, -1, NAN],
        "brand_affinity": [-2, 0, 1, 0],
        "category_root_affinity": [NAN] * 4,
        "category_leaf_affinity": [0.5, NAN, NAN, NAN],
        "category_path_affinity": [4, 3, 2, 1],
        "color_affinity_gap": [0, 0, -4, NAN],
        "brand_affinity_gap": [-3, -1, 0, -1],
        "category_root_affinity_gap": [NAN] * 4,
        "category_leaf_affinity_gap": [0, NAN, NAN, NAN],
        "category_path_affinity_gap": [0, -1, -2, -3],
        "color_affinity_reciprocal_rank": [1, 1, 1 / 2, NAN],
        "brand_affinity_reciprocal_rank": [1 / 3, 1 / 2, 1, 1 / 2],
        "category_root_affinity_reciprocal_rank": [NAN] * 4,
        "category_leaf_affinity_reciprocal_rank": [1, NAN, NAN, NAN],
        "category_path_affinity_reciprocal_rank": [1, 1 / 2, 1 / 3, 1 / 4],
    }
    assert named.keys() == expected.keys()
    for name, values in expected.items():
        assert named[name].tolist() == pytest.approx(values, nan_ok=True), name
