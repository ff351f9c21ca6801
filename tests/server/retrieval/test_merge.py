from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from server.arrays import Float32Array, Int32Array
from server.retrieval.merge import merge, retrieval_order
from server.retrieval.protocol import View, ViewHits

NAN = math.nan


def rows_of(ids: Sequence[str]) -> Int32Array:
    """Row 10 for "a", 11 for "b" …; "x" is not in the table."""
    return np.array([-1 if each == "x" else ord(each) - ord("a") + 10 for each in ids], np.int32)


def hits(view: View, ids: str, *similarities: float) -> ViewHits:
    return ViewHits(view=view, ids=tuple(ids), similarities=np.array(similarities, np.float32))


def column(*numbers: float) -> Float32Array:
    return np.array(numbers, dtype=np.float32)


def test_every_product_once_with_what_each_view_said() -> None:
    merged = merge(
        [
            hits(View.TEXT, "ba", 0.9, 0.8),
            hits(View.IMAGE, "axc", 0.5, 0.4, 0.3),
            hits(View.LEXICAL, "c", 7.0),
        ],
        rows_of=rows_of,
    )
    assert len(merged) == 3
    assert merged.ids == ("b", "a", "c")
    assert merged.rows.tolist() == [11, 10, 12]
    np.testing.assert_array_equal(merged.text_similarity, column(0.9, 0.8, NAN))
    np.testing.assert_array_equal(merged.image_similarity, column(NAN, 0.5, 0.3))
    np.testing.assert_array_equal(merged.lexical_score, column(NAN, NAN, 7.0))
    assert merged.rows.dtype == np.int32
    assert merged.text_similarity.dtype == np.float32


@pytest.mark.parametrize(
    "found",
    [[], [hits(View.TEXT, "")], [hits(View.TEXT, "x", 1.0)], [hits(view, "") for view in View]],
)
def test_nothing_found(found: list[ViewHits]) -> None:
    merged = merge(found, rows_of=rows_of)
    assert (len(merged), merged.ids, merged.rows.shape) == (0, (), (0,))
    order, score = retrieval_order(
        merged.text_similarity,
        merged.image_similarity,
        merged.lexical_score,
        image_share=0.5,
        lexical_weight=1.0,
    )
    assert (order.shape, score.shape) == ((0,), (0,))


LISTS = st.lists(st.sampled_from("abcdefghx"), unique=True)


@given(lists=st.fixed_dictionaries(dict.fromkeys(View, LISTS)))
def test_merging_equals_looking_each_product_up(lists: dict[View, list[str]]) -> None:
    found = [hits(view, "".join(ids), *range(len(ids), 0, -1)) for view, ids in lists.items()]
    merged = merge(found, rows_of=rows_of)
    everything = [each for ids in lists.values() for each in ids if each != "x"]
    assert merged.ids == tuple(dict.fromkeys(everything))
    columns = {
        View.TEXT: merged.text_similarity,
        View.IMAGE: merged.image_similarity,
        View.LEXICAL: merged.lexical_score,
    }
    for view, similarity in columns.items():
        ids = lists[view]
        expected = [len(ids) - ids.index(each) if each in ids else NAN for each in merged.ids]
        np.testing.assert_array_equal(similarity, expected)


@pytest.mark.parametrize(
    ("text", "image", "words", "share", "weight", "score", "order"),
    [
        # F = aI + (1 - a)T, the best word match adds the weight.
        ([0.8, 0.2], [0.4, 0.6], [NAN, NAN], 0.25, 1.0, [0.7, 0.3], [0, 1]),
        ([0.8, 0.2], [0.4, 0.6], [NAN, 4.0], 0.25, 1.0, [0.7, 1.3], [1, 0]),
        ([0.8, 0.2], [0.4, 0.6], [2.0, 4.0], 0.25, 0.1, [0.75, 0.4], [0, 1]),
        ([0.8, 0.2], [0.4, 0.6], [0.0, 0.0], 0.25, 1.0, [0.7, 0.3], [0, 1]),
        # A product is scored by the vector it has.
        ([0.8, NAN], [NAN, 0.6], [NAN, NAN], 0.25, 1.0, [0.8, 0.6], [0, 1]),
        ([NAN, 0.1], [NAN, NAN], [5.0, NAN], 0.5, 0.2, [0.2, 0.1], [0, 1]),
        ([NAN, -0.1], [NAN, NAN], [NAN, NAN], 0.5, 0.2, [0.0, -0.1], [0, 1]),
        # Shares at the ends use one view.
        ([0.8, 0.2], [0.4, 0.6], [NAN, NAN], 0.0, 1.0, [0.8, 0.2], [0, 1]),
        ([0.8, 0.2], [0.4, 0.6], [NAN, NAN], 1.0, 1.0, [0.4, 0.6], [1, 0]),
        # Equals stay in the order given.
        ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [NAN] * 3, 0.5, 0.0, [0.5] * 3, [0, 1, 2]),
    ],
)
def test_retrieval_order(
    *,
    text: list[float],
    image: list[float],
    words: list[float],
    share: float,
    weight: float,
    score: list[float],
    order: list[int],
) -> None:
    found_order, found_score = retrieval_order(
        column(*text), column(*image), column(*words), image_share=share, lexical_weight=weight
    )
    np.testing.assert_allclose(found_score, score, atol=1e-6)
    assert found_order.tolist() == order
    assert (found_order.dtype, found_score.dtype) == (np.dtype(np.int32), np.dtype(np.float32))


NUMBERS = st.one_of(st.just(NAN), st.floats(-1, 1, width=32))
COLUMNS = arrays.arrays(np.float32, (3, 6), elements=NUMBERS)


@given(columns=COLUMNS, share=st.floats(0, 1), weight=st.floats(0, 2))
def test_the_order_is_a_permutation_in_falling_score(
    columns: Float32Array, share: float, weight: float
) -> None:
    text, image, words = columns
    order, score = retrieval_order(
        text, image, np.abs(words), image_share=share, lexical_weight=weight
    )
    assert sorted(order.tolist()) == list(range(6))
    assert np.isfinite(score).all()
    assert (np.diff(score[order]) <= 0).all()
