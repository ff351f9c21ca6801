"""Contributions by feature and by family, and the words made of them."""

from collections.abc import Callable

import numpy as np
import pytest

from ranker.baseline import RetrievalOrder, Rules
from ranker.columns import CandidateColumns, Float32Array, QueryFacts
from ranker.explain import (
    FEATURE_NAMES,
    FeatureExplainer,
    FeaturePart,
    columns_of,
    differences,
    reasons,
    strongest_features,
)
from ranker.features.schema import FAMILY_OF
from ranker.train import TrainedRanker

NAN = float("nan")


class Sums:
    """Adds the columns of the schema up, each times its place."""

    def shap(self, matrix: Float32Array) -> Float32Array:
        places = np.arange(matrix.shape[1], dtype=np.float32)
        return np.pad(np.nan_to_num(matrix) * places, ((0, 0), (0, 1)))


def test_the_features_that_added_most_come_first_and_idle_ones_not_at_all() -> None:
    row = np.zeros(len(FEATURE_NAMES), np.float32)
    row[[1, 2, 3]] = [4, -3, 1]
    assert strongest_features(Sums(), row, limit=2) == (
        FeaturePart(name=FEATURE_NAMES[2], family=FAMILY_OF[2], value=-3, contribution=-6),
        FeaturePart(name=FEATURE_NAMES[1], family=FAMILY_OF[1], value=4, contribution=4),
    )
    assert len(strongest_features(Sums(), row, limit=10)) == 3


def test_a_rule_ranker_explains_its_own_columns() -> None:
    ranker = Rules()
    assert isinstance(ranker, FeatureExplainer)
    parts = strongest_features(ranker, np.array([1, NAN, 0.5, 1], np.float32), limit=10)
    assert [part.family for part in parts] == ["similarity", "stock", "popularity", "price"]
    # weights .1 of sales, .05 of cheapness, .2 of stock; the unknown counts a half
    added = [part.contribution for part in parts]
    assert added == pytest.approx([1.0, 0.2, 0.05, 0.025])
    assert [part.name for part in parts] == ["likeness", "in_stock", "sales", "cheapness"]
    assert np.isnan(parts[2].value)


def test_a_boosted_model_explains_every_feature(
    trained: TrainedRanker, request_of: Callable[[int, int], tuple[QueryFacts, CandidateColumns]]
) -> None:
    ranker = trained.ranker()
    assert isinstance(ranker, FeatureExplainer)
    matrix = ranker.features(*request_of(3, 20))
    parts = ranker.shap(matrix)
    np.testing.assert_allclose(parts.sum(axis=1), ranker.score(matrix), atol=1e-4)
    for row, added in zip(matrix, parts, strict=True):
        found = strongest_features(ranker, row, limit=10)
        assert [abs(each.contribution) for each in found] == sorted(
            (float(abs(each)) for each in added[:-1] if each), reverse=True
        )[:10]


def test_columns_are_the_schemas_unless_a_ranker_has_its_own() -> None:
    assert columns_of(Sums()) == (FEATURE_NAMES, FAMILY_OF)
    assert columns_of(RetrievalOrder()) == (("retrieval_score",), ("similarity",))


@pytest.mark.parametrize(
    ("one", "other", "gained"),
    [
        ({"a": 1.0, "b": 2.0}, {"a": 0.5, "b": 4.0}, [("b", -2.0), ("a", 0.5)]),
        ({"a": 1.0}, {"b": 2.0}, [("b", -2.0), ("a", 1.0)]),
        ({"a": 1.0, "bias": 3.0}, {"a": 1.0, "bias": 3.0}, []),
    ],
)
def test_differences_by_hand(
    one: dict[str, float], other: dict[str, float], gained: list[tuple[str, float]]
) -> None:
    assert list(differences(one, other).items()) == gained


@pytest.mark.parametrize(
    ("gained", "said"),
    [
        ({}, ""),
        ({"price": 0.001}, ""),
        ({"price": 1.0}, "for price (+1.00)"),
        ({"price": 1.0, "stock": 0.05}, "mainly for price (+1.00)"),
        ({"price": 1.0, "stock": -0.6}, "mainly for price (+1.00), in spite of stock (-0.60)"),
        ({"price": -1.0, "stock": 0.6}, "mainly for price (-1.00), in spite of stock (+0.60)"),
        (
            {"a": 4.0, "b": 3.0, "c": 2.0, "d": 1.0, "e": -0.9, "f": -0.8, "g": -0.7},
            "mainly for a (+4.00), b (+3.00) and c (+2.00), in spite of e (-0.90) and f (-0.80)",
        ),
        ({"a": 1.0, "b": 0.2, "rules": 0.1}, "mainly for a (+1.00), b (+0.20) and rules (+0.10)"),
    ],
)
def test_reasons_in_words(gained: dict[str, float], said: str) -> None:
    assert reasons(gained) == said
