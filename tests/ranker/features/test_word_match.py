"""Word matching against sets, where hashes are negative, shared, repeated or sieved alike."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker.columns import TermColumn
from ranker.features.word_match import match_words

# 7, 4103 and 8199 share their low bits, so that the sieve lets each pass for the others.
terms = st.sampled_from([-5, 0, 1, 7, 4103, 8199, 2**31 - 1, -(2**31)])
products = st.integers(0, 4).flatmap(
    lambda count: st.lists(
        st.lists(st.lists(terms, max_size=5), min_size=count, max_size=count),
        min_size=1,
        max_size=3,
    )
)


def column(rows: list[list[int]]) -> TermColumn:
    return TermColumn(
        terms=np.array([term for row in rows for term in row], dtype=np.int32),
        offsets=np.cumsum([0, *map(len, rows)]).astype(np.int32),
    )


@given(fields=products, groups=st.lists(st.lists(terms, max_size=4, unique=True), max_size=4))
@settings(deadline=None)
def test_agrees_with_sets(fields: list[list[list[int]]], groups: list[list[int]]) -> None:
    matches = match_words(
        [np.array(sorted(group), dtype=np.int32) for group in groups], list(map(column, fields))
    )
    asked = {term for group in groups for term in group}
    carried = [[[bool({*group} & {*row}) for group in groups] for row in field] for field in fields]
    assert matches.carried.tolist() == carried
    assert matches.hits.tolist() == [
        [sum(term in asked for term in row) for row in field] for field in fields
    ]
    assert matches.lengths.tolist() == [[len(row) for row in field] for field in fields]
