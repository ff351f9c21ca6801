"""Varied orders against slow twins, and what must hold for any candidates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker.columns import Float32Array, Int8Array, Int32Array
from ranker.diversify import Cap, Method, diversified, mmr
from ranker.errors import RankingError

EAST, NORTH, NONE = [127, 0], [0, 127], [0, 0]
WEST, NORTH_EAST = [-127, 0], [90, 90]


def scores(*values: float) -> Float32Array:
    return np.array(values, dtype=np.float32)


def vectors(*rows: list[int]) -> Int8Array:
    return np.array(rows, dtype=np.int8).reshape(len(rows), -1)


def codes(*values: int) -> Int32Array:
    return np.array(values, dtype=np.int32)


# Scores 1.0, 0.9, 0.6, 0.0 scale to themselves. After the first (east), strength 0.5 weighs the
# second (east) 0.45 - 0.5 = -0.05, the third (north) 0.3 - 0 = 0.3, the fourth (none) 0 - 0 = 0.
@pytest.mark.parametrize(
    ("strength", "limit", "expected"),
    [
        (0.0, 4, [0, 1, 2, 3]),
        (0.5, 4, [0, 2, 3, 1]),
        (0.5, 2, [0, 2, 1, 3]),
        (0.5, 1, [0, 1, 2, 3]),
        (0.5, 0, [0, 1, 2, 3]),
        # 0.1 * 1 outweighs 0.9 * (0.9 - 0.6) not.
        (0.1, 4, [0, 1, 2, 3]),
        # Variety alone: north and none are equally far from east, the first given comes first.
        (1.0, 4, [0, 2, 3, 1]),
    ],
)
def test_marginal_relevance_worked_by_hand(
    strength: float, limit: int, expected: list[int]
) -> None:
    order = mmr(
        scores(1.0, 0.9, 0.6, 0.0),
        vectors(EAST, EAST, NORTH, NONE),
        strength=strength,
        limit=limit,
    )
    assert order.tolist() == expected
    assert order.dtype == np.int32


# After the first (east), a copy of it keeps 1 - 0.99^2 = 0.0199 of its length, north
# 1 - 0.495^2 = 0.755, west and none all of it: ln / ln 100 gives -0.851, -0.061, 0 and 0.
# Strength 0.5 weighs the copy 0.45 - 0.425 = 0.025, north 0.3 - 0.031 = 0.270, west 0.1, none 0.
@pytest.mark.parametrize(
    ("strength", "expected"),
    [
        (0.0, [0, 1, 2, 3, 4]),
        (0.1, [0, 1, 2, 3, 4]),  # the copy 0.81 - 0.085 = 0.725, north 0.54 - 0.006 = 0.534
        (0.5, [0, 2, 3, 1, 4]),  # then west 0.1 - 0.06, the copy 0.025 - 0.0, none 0
        (1.0, [0, 3, 4, 2, 1]),  # west and none are equally new, the first given comes first
    ],
)
def test_determinants_worked_by_hand(strength: float, expected: list[int]) -> None:
    order = diversified(
        scores(1.0, 0.9, 0.6, 0.2, 0.0),
        vectors(EAST, EAST, NORTH, WEST, NONE),
        method=Method.DPP,
        strength=strength,
        limit=5,
    )
    assert order.tolist() == expected


@pytest.mark.parametrize("method", Method)
def test_equal_candidates_keep_their_order(method: Method) -> None:
    order = diversified(
        scores(1, 1, 1), vectors(EAST, EAST, EAST), method=method, strength=0.3, limit=3
    )
    assert order.tolist() == [0, 1, 2]


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("strength", [0.0, 0.5])
@pytest.mark.parametrize(
    ("group_limit", "expected"),
    # By score: 3 (group 1), 2 (no group), 1 (group 1), 4 (no group), 0 (group 1).
    [(None, {0, 1, 2, 3, 4}), (1, {2, 3, 4}), (2, {1, 2, 3, 4}), (9, {0, 1, 2, 3, 4})],
)
def test_a_group_keeps_its_best(
    method: Method, strength: float, group_limit: int | None, expected: set[int]
) -> None:
    order = diversified(
        scores(0.1, 0.5, 0.8, 0.9, 0.3),
        vectors(EAST, EAST, NORTH, EAST, NORTH_EAST),
        method=method,
        strength=strength,
        limit=5,
        groups=codes(1, 1, -1, 1, -1),
        group_limit=group_limit,
    )
    assert set(order.tolist()) == expected
    assert len(order) == len(expected)
    assert order[0] == 3


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("strength", [0.0, 0.5])
@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_candidates(method: Method, strength: float, count: int) -> None:
    order = diversified(
        np.zeros(count, dtype=np.float32),
        np.zeros((count, 2), dtype=np.int8),
        method=method,
        strength=strength,
        limit=10,
        groups=np.zeros(count, dtype=np.int32),
        group_limit=1,
        caps=[Cap(codes=np.zeros(count, dtype=np.int32), most=1)],
    )
    assert order.tolist() == list(range(count))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"strength": -0.1}, "strength"),
        ({"strength": 1.1}, "strength"),
        ({"strength": float("nan")}, "strength"),
        ({"limit": -1}, "limit"),
        ({"group_limit": 0}, "group_limit"),
        ({"scores": scores(1, float("nan"))}, "finite"),
        ({"scores": scores(1, float("inf"))}, "finite"),
        ({"caps": [Cap(codes=codes(1, 1), most=0)]}, "a cap is 0"),
        ({"caps": [Cap(codes=codes(1), most=1)]}, "1 codes for 2"),
    ],
)
def test_refuses(changed: dict[str, object], message: str) -> None:
    arguments = {"strength": 0.5, "limit": 2} | changed
    with pytest.raises(RankingError, match=message):
        diversified(
            arguments.pop("scores", scores(1, 0)),  # type: ignore[arg-type]
            vectors(EAST, NORTH),
            **arguments,  # type: ignore[arg-type]
        )


def slow_twin(
    score: Float32Array, vector: Int8Array, method: Method, strength: float, limit: int
) -> list[int]:
    """The definition, one candidate at a time, in float64 and with whole determinants."""
    low, high = float(score.min()), float(score.max())
    relevance = [(float(s) - low) / (high - low) if high > low else 1.0 for s in score]
    unit = vector.astype(np.float64) / 127
    kernel = vector / np.linalg.norm(vector.astype(np.float64), axis=1, keepdims=True)
    kernel = 0.99 * (1 + kernel @ kernel.T) / 2
    np.fill_diagonal(kernel, 1.0)

    def variety(each: int, taken: Sequence[int]) -> float:
        if method is Method.MMR:
            return -max(float(unit[each] @ unit[one]) for one in taken)
        whole, part = [*taken, each], list(taken)
        grown = np.linalg.det(kernel[np.ix_(whole, whole)])
        return math.log(grown / np.linalg.det(kernel[np.ix_(part, part)])) / math.log(100)

    left = sorted(range(len(score)), key=lambda each: -score[each])
    order = [left.pop(0)]
    while left and len(order) < limit:
        worth = {
            each: (1 - strength) * relevance[each] + strength * variety(each, order)
            for each in left
        }
        order.append(max(left, key=lambda each: worth[each]))
        left.remove(order[-1])
    return order + left


@st.composite
def lists(draw: st.DrawFn) -> tuple[Float32Array, Int8Array]:
    """Distinct scores, so that rounding cannot decide between equals."""
    count = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    unit = rng.normal(size=(count, 6))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return rng.normal(size=count).astype(np.float32), np.rint(unit * 127).astype(np.int8)


@pytest.mark.parametrize(("value", "second"), [(0.68, 2), (0.67, 1)])
def test_the_least_relevant_that_variety_can_still_bring_forward(value: float, second: int) -> None:
    # Beside the first, a copy of it is worth 0.9 * 0.9 - 0.1 and its opposite 0.9 * value + 0.1.
    order = diversified(
        scores(1.0, 0.9, value, 0.0),
        np.array([[127, 0], [127, 0], [-127, 0], [0, 127]], dtype=np.int8),
        strength=0.1,
        limit=2,
    )
    assert order[:2].tolist() == [0, second]


@given(
    given_list=lists(),
    method=st.sampled_from(Method),
    strength=st.sampled_from([0.1, 0.3, 0.7]),
    limit=st.integers(2, 15),
)
@settings(deadline=None)
def test_agrees_with_the_slow_twin(
    given_list: tuple[Float32Array, Int8Array], method: Method, strength: float, limit: int
) -> None:
    score, vector = given_list
    order = diversified(score, vector, method=method, strength=strength, limit=limit)
    assert order.tolist() == slow_twin(score, vector, method, strength, limit)


@given(
    given_list=lists(),
    method=st.sampled_from(Method),
    strength=st.floats(0, 1),
    limit=st.integers(0, 15),
)
@settings(deadline=None)
def test_is_a_permutation_that_starts_with_the_best(
    given_list: tuple[Float32Array, Int8Array], method: Method, strength: float, limit: int
) -> None:
    score, vector = given_list
    order = diversified(score, vector, method=method, strength=strength, limit=limit)
    assert sorted(order.tolist()) == list(range(len(score)))
    assert order[0] == score.argmax()


@given(
    values=st.lists(st.sampled_from([0.0, 0.5, 1.0]), max_size=12),
    method=st.sampled_from(Method),
    limit=st.integers(0, 15),
)
@settings(deadline=None)
def test_strength_zero_is_a_stable_sort_by_score(
    values: list[float], method: Method, limit: int
) -> None:
    nothing = np.zeros((len(values), 2), dtype=np.int8)
    order = diversified(scores(*values), nothing, method=method, strength=0, limit=limit)
    assert order.tolist() == sorted(range(len(values)), key=lambda i: -values[i])


def test_copies_and_extreme_scores_stay_in_order_and_finite() -> None:
    # 300 copies of one vector: more than the space has room for, each choice numerically a copy.
    order = diversified(
        np.linspace(3e38, -3e37, 300, dtype=np.float32),
        np.full((300, 4), 63, dtype=np.int8),
        method=Method.DPP,
        strength=0.9,
        limit=300,
    )
    assert order.tolist() == list(range(300))
