"""Words matched, worked by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from ranker.columns import CandidateColumns, QueryFacts, TermColumn, TermField
from ranker.features.lexical import FAMILY

NAN = float("nan")


@pytest.fixture
def three_words(query: Callable[..., QueryFacts]) -> QueryFacts:
    """Return a query of words worth 3, 1 and 2, the first with two spellings."""
    return query(
        term_groups=tuple(np.array(group, dtype=np.int32) for group in ([10, 11], [20], [30])),
        term_weights=np.array([3, 1, 2], dtype=np.float32),
    )


def test_hand_worked(
    three_words: QueryFacts,
    candidates: Callable[..., CandidateColumns],
    words: Callable[..., TermColumn],
) -> None:
    named = FAMILY.named(
        three_words,
        candidates(
            2,
            lexical_score=[8, 2],
            terms={
                TermField.TITLE: words([11, 99], [5, 6, 7]),
                TermField.CATEGORY: words([], [10]),
                TermField.COLOR: words([20], []),
                TermField.BRAND: words([], []),
                TermField.ATTRIBUTE: words([12], [10, 13]),
            },
        ),
    )
    expected = {
        "title_words_matched": [3 / 6, 0],
        "category_words_matched": [NAN, 3 / 6],
        "color_words_matched": [1 / 6, NAN],
        "brand_words_matched": [NAN, NAN],
        "attribute_words_matched": [0, 3 / 6],
        "words_matched": [4 / 6, 3 / 6],
        "words_matched_gap": [0, -1 / 6],
        # Nobody carries the third word, so it is missing from nobody.
        "words_missing": [0, 1],
        "words_unmatched_weight": [2, 1 + 2],
        "title_covered": [1 / 2, 0],
        "lexical_relative": [1, 1 / 4],
        "lexical_reciprocal_rank": [1, 1 / 2],
    }
    assert named.keys() == expected.keys()
    for name, values in expected.items():
        assert named[name].tolist() == pytest.approx(values, abs=1e-6, nan_ok=True), name


def test_a_query_without_words_knows_nothing_of_words(
    query: Callable[..., QueryFacts], candidates: Callable[..., CandidateColumns]
) -> None:
    named = FAMILY.named(query(), candidates(2))
    assert all(np.isnan(row).all() for row in named.values())


def test_no_score_is_no_division_by_zero(
    three_words: QueryFacts, candidates: Callable[..., CandidateColumns]
) -> None:
    named = FAMILY.named(three_words, candidates(2, lexical_score=[0, 0]))
    assert named["lexical_relative"].tolist() == [0, 0]
    assert named["words_unmatched_weight"].tolist() == [6, 6]
