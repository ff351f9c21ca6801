"""Maximal marginal relevance against a slow twin, and what must hold for any candidates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker.columns import Float32Array, Int8Array
from ranker.diversify import mmr
from ranker.errors import RankingError

EAST, NORTH, NONE = [127, 0], [0, 127], [0, 0]
NORTH_EAST = [90, 90]


def scores(*values: float) -> Float32Array:
    return np.array(values, dtype=np.float32)


def vectors(*rows: list[int]) -> Int8Array:
    return np.array(rows, dtype=np.int8).reshape(len(rows), -1)


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
def test_hand_worked(strength: float, limit: int, expected: list[int]) -> None:
    order = mmr(
        scores(1.0, 0.9, 0.6, 0.0),
        vectors(EAST, EAST, NORTH, NONE),
        strength=strength,
        limit=limit,
    )
    assert order.tolist() == expected
    assert order.dtype == np.int32


def test_equal_candidates_keep_their_order() -> None:
    order = mmr(scores(1, 1, 1), vectors(EAST, EAST, EAST), strength=0.3, limit=3)
    assert order.tolist() == [0, 1, 2]


@pytest.mark.parametrize("strength", [0.0, 0.5])
@pytest.mark.parametrize(
    ("group_limit", "expected"),
    # By score: 3 (group 1), 2 (no group), 1 (group 1), 4 (no group), 0 (group 1).
    [(None, {0, 1, 2, 3, 4}), (1, {2, 3, 4}), (2, {1, 2, 3, 4}), (9, {0, 1, 2, 3, 4})],
)
def test_a_group_keeps_its_best(
    strength: float, group_limit: int | None, expected: set[int]
) -> None:
    order = mmr(
        scores(0.1, 0.5, 0.8, 0.9, 0.3),
        vectors(EAST, EAST, NORTH, EAST, NORTH_EAST),
        strength=strength,
        limit=5,
        groups=np.array([1, 1, -1, 1, -1], dtype=np.int32),
        group_limit=group_limit,
    )
    assert set(order.tolist()) == expected
    assert len(order) == len(expected)
    assert order[0] == 3


@pytest.mark.parametrize("strength", [0.0, 0.5])
@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_candidates(strength: float, count: int) -> None:
    order = mmr(
        np.zeros(count, dtype=np.float32),
        np.zeros((count, 2), dtype=np.int8),
        strength=strength,
        limit=10,
        groups=np.zeros(count, dtype=np.int32),
        group_limit=1,
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
    ],
)
def test_refuses(changed: dict[str, float], message: str) -> None:
    arguments = {"strength": 0.5, "limit": 2} | changed
    with pytest.raises(RankingError, match=message):
        mmr(arguments.pop("scores", scores(1, 0)), vectors(EAST, NORTH), **arguments)  # type: ignore[arg-type]


def slow_twin(scores: Float32Array, vectors: Int8Array, strength: float, limit: int) -> list[int]:
    """The definition, one candidate at a time."""
    low, high = float(scores.min()), float(scores.max())
    relevance = [(float(s) - low) / (high - low) if high > low else 1.0 for s in scores]
    unit = vectors.astype(np.float64) / 127
    left = sorted(range(len(scores)), key=lambda i: -scores[i])
    order = [left.pop(0)]
    while left and len(order) < limit:
        worth = {
            i: (1 - strength) * relevance[i] - strength * max(unit[i] @ unit[j] for j in order)
            for i in left
        }
        order.append(max(left, key=lambda i: worth[i]))
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


@given(given_list=lists(), strength=st.sampled_from([0.1, 0.3, 0.7]), limit=st.integers(2, 15))
@settings(deadline=None)
def test_agrees_with_the_slow_twin(
    given_list: tuple[Float32Array, Int8Array], strength: float, limit: int
) -> None:
    score, vector = given_list
    order = mmr(score, vector, strength=strength, limit=limit)
    assert order.tolist() == slow_twin(score, vector, strength, limit)


@given(
    given_list=lists(),
    strength=st.floats(0, 1),
    limit=st.integers(0, 15),
)
@settings(deadline=None)
def test_is_a_permutation_that_starts_with_the_best(
    given_list: tuple[Float32Array, Int8Array], strength: float, limit: int
) -> None:
    score, vector = given_list
    order = mmr(score, vector, strength=strength, limit=limit)
    assert sorted(order.tolist()) == list(range(len(score)))
    assert order[0] == score.argmax()


@given(values=st.lists(st.sampled_from([0.0, 0.5, 1.0]), max_size=12), limit=st.integers(0, 15))
@settings(deadline=None)
def test_strength_zero_is_a_stable_sort_by_score(values: list[float], limit: int) -> None:
    order = mmr(scores(*values), np.zeros((len(values), 2), dtype=np.int8), strength=0, limit=limit)
    assert order.tolist() == sorted(range(len(values)), key=lambda i: -values[i])
