from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from ranker.columns import TermField
from server.arrays import Int32Array
from server.retrieval.lexical import DESCRIPTION, FIELD_WEIGHTS, document_vector, query_vector


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"title": []}, {}),
        # One colour word of one: tf = 2 / (0.5 + 0.5), weight = 2.2 * 2 / (1.2 + 2).
        ({"color": [7]}, {7: 1.375}),
        # Six title words of six: tf = 3 each; twice: tf = 6.
        ({"title": [1, 2, 3, 4, 5, 5]}, {1: 11 / 7, 2: 11 / 7, 3: 11 / 7, 4: 11 / 7, 5: 11 / 6}),
        # A long text counts less: tf = 1 / (0.5 + 0.5 * 150 / 50).
        ({"description": [9] + [8] * 149}, {9: 2.2 * 0.5 / 1.7, 8: 2.2 * 74.5 / 75.7}),
        # Fields add up before saturation: 2 / (0.5 + 0.5 * 2 / 6) + 2 / (0.5 + 0.5).
        ({"category": [7, 7], "color": [7]}, {7: 2.2 * 8 / 9.2}),
    ],
)
def test_document_vector(fields: dict[str, list[int]], expected: dict[int, float]) -> None:
    assert document_vector(fields) == pytest.approx(expected)


def test_a_word_in_the_title_says_more_than_in_the_description() -> None:
    title = document_vector({TermField.TITLE: [1] * 6})[1]
    description = document_vector({DESCRIPTION: [1] * 6})[1]
    assert title > description


def test_every_field_of_the_ranker_is_weighed() -> None:
    assert set(FIELD_WEIGHTS) == {*TermField, DESCRIPTION}
    with pytest.raises(KeyError):
        document_vector({"size": [1]})


def frequencies(terms: Sequence[int]) -> Int32Array:
    """Term 1 is in one product, 2 in two …; 0 in none."""
    return np.array(terms, dtype=np.int32)


def test_query_vector() -> None:
    weighted = query_vector([{1}, {3, 2}, {0}], frequencies=frequencies, documents=3)
    rare, common, unknown = (
        math.log(1 + 2.5 / 1.5),
        math.log(1 + 0.5 / 3.5),
        math.log(1 + 3.5 / 0.5),
    )
    np.testing.assert_allclose(weighted.idf, [rare, common, unknown], rtol=1e-6)
    assert weighted.idf.dtype == np.float32
    assert weighted.weights == pytest.approx({1: rare, 2: common, 3: common, 0: unknown})


def test_a_term_of_two_words_counts_for_both() -> None:
    weighted = query_vector([{1, 2}, {1}], frequencies=frequencies, documents=9)
    first, second = weighted.idf.tolist()
    assert weighted.weights == pytest.approx({1: first + second, 2: first})


def test_no_words_no_products_and_counts_from_another_moment() -> None:
    assert query_vector([], frequencies=frequencies, documents=5).weights == {}
    assert query_vector([{0}], frequencies=frequencies, documents=0).idf.tolist() == [
        pytest.approx(math.log(2))
    ]
    late = query_vector([{9}, set()], frequencies=frequencies, documents=5)
    assert np.isfinite(late.idf).all()
    assert (late.idf > 0).all()


def test_the_inner_product_prefers_the_product_with_more_of_the_words() -> None:
    query = query_vector([{1}, {2}], frequencies=frequencies, documents=100).weights
    both = document_vector({TermField.TITLE: [1, 2, 9, 9]})
    one = document_vector({TermField.TITLE: [1, 1, 9, 9]})

    def score(document: dict[int, float]) -> float:
        return sum(weight * document.get(term, 0.0) for term, weight in query.items())

    assert score(dict(both)) > score(dict(one)) > 0
