"""Caps on kinds among the first places, alone and together with variety."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker.columns import Float32Array, Int8Array, Int32Array
from ranker.diversify import Cap, Method, diversified

EAST, NORTH = [127, 0], [0, 127]


def scores(*values: float) -> Float32Array:
    return np.array(values, dtype=np.float32)


def vectors(*rows: list[int]) -> Int8Array:
    return np.array(rows, dtype=np.int8).reshape(len(rows), -1)


def codes(*values: int) -> Int32Array:
    return np.array(values, dtype=np.int32)


# By score: 0 to 5; brands 7 7 7 8 7 none.
@pytest.mark.parametrize(
    ("limit", "most", "expected"),
    [
        (6, 9, [0, 1, 2, 3, 4, 5]),
        # Two of brand 7, then 8 and the one without; the rest of 7 fills up by score.
        (6, 2, [0, 1, 3, 5, 2, 4]),
        (3, 2, [0, 1, 3, 2, 4, 5]),
        (2, 2, [0, 1, 2, 3, 4, 5]),
        (4, 1, [0, 3, 5, 1, 2, 4]),
        (1, 1, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_a_cap_worked_by_hand(limit: int, most: int, expected: list[int]) -> None:
    order = diversified(
        scores(0.9, 0.8, 0.7, 0.6, 0.5, 0.4),
        vectors(*[EAST] * 6),
        strength=0,
        limit=limit,
        caps=[Cap(codes=codes(7, 7, 7, 8, 7, -1), most=most)],
    )
    assert order.tolist() == expected


def test_caps_hold_together_and_with_variety() -> None:
    # Brand lets one of 0 to 2 in, category one of 0 and 3; variety prefers 4 to 5.
    order = diversified(
        scores(1.0, 0.9, 0.8, 0.7, 0.6, 0.65),
        vectors(EAST, NORTH, NORTH, NORTH, NORTH, EAST),
        strength=0.5,
        limit=3,
        caps=[
            Cap(codes=codes(1, 1, 1, 2, 3, 4), most=1),
            Cap(codes=codes(5, 6, 7, 5, 8, 9), most=1),
        ],
    )
    assert order.tolist() == [0, 4, 5, 1, 2, 3]


def test_a_cap_counts_the_variants_that_are_left() -> None:
    # Of group 1 only candidate 0 stays: brand 7 has room for candidate 2.
    order = diversified(
        scores(0.9, 0.8, 0.7, 0.6),
        vectors(*[EAST] * 4),
        strength=0,
        limit=4,
        groups=codes(1, 1, -1, -1),
        group_limit=1,
        caps=[Cap(codes=codes(7, 7, 7, 8), most=2)],
    )
    assert order.tolist() == [0, 2, 3]


@st.composite
def lists(draw: st.DrawFn) -> tuple[Float32Array, Int8Array]:
    """Distinct scores, so that rounding cannot decide between equals."""
    count = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    unit = rng.normal(size=(count, 6))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return rng.normal(size=count).astype(np.float32), np.rint(unit * 127).astype(np.int8)


@given(
    given_list=lists(),
    method=st.sampled_from(Method),
    strength=st.floats(0, 1),
    limit=st.integers(0, 15),
    most=st.integers(1, 4),
    kinds=st.lists(st.integers(-1, 3), min_size=12, max_size=12),
    others=st.lists(st.integers(-1, 3), min_size=12, max_size=12),
)
@settings(deadline=None)
def test_every_candidate_once_the_best_first_and_caps_kept_while_they_can(
    *,
    given_list: tuple[Float32Array, Int8Array],
    method: Method,
    strength: float,
    limit: int,
    most: int,
    kinds: list[int],
    others: list[int],
) -> None:
    score, vector = given_list
    columns = [codes(*column[: len(score)]) for column in (kinds, others)]
    order = diversified(
        score,
        vector,
        method=method,
        strength=strength,
        limit=limit,
        caps=[Cap(codes=column, most=most) for column in columns],
    ).tolist()
    assert sorted(order) == list(range(len(score)))
    assert order[0] == score.argmax()
    counts: list[Counter[int]] = [Counter(), Counter()]

    def fits(each: int) -> bool:
        return all(
            column[each] < 0 or count[column[each]] < most
            for column, count in zip(columns, counts, strict=True)
        )

    for place, each in enumerate(order[:limit]):
        # A place is given past a cap only where nobody that is left would have kept it.
        assert fits(each) or not any(map(fits, order[place:]))
        for column, count in zip(columns, counts, strict=True):
            count[column[each]] += 1
