"""From clicks, carts and purchases to grades: what position hid is given back."""

import numpy as np
import pytest

from ranker.columns import Int32Array
from ranker.errors import RankingError
from ranker.events import EventCounts, EventWeights, labels_from_events


def column(*values: int) -> Int32Array:
    return np.array(values, dtype=np.int32)


def shown(
    *position: int, clicks: Int32Array, carts: Int32Array | None = None, searches: int = 100
) -> EventCounts:
    none = np.zeros_like(clicks)
    return EventCounts(
        searches=searches,
        position=column(*position),
        clicks=clicks,
        carts=none if carts is None else carts,
        purchases=none,
    )


# One click is worth 1 and grades begin at gains of 0.1, 0.2, 0.3 and 0.4 an examination.
WEIGHTS = EventWeights(
    click=1, cart=2, purchase=4, propensity_floor=0.25, grade_from=(0.1, 0.2, 0.3, 0.4)
)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        # Position 1 is looked at half as often: 10 clicks there are worth 20.
        ([shown(0, 1, clicks=column(10, 10))], [1, 2]),
        # Position 9 is looked at every tenth time, but the floor makes that every fourth.
        ([shown(0, 9, clicks=column(0, 10))], [0, 4]),
        ([shown(0, 9, clicks=column(0, 9))], [0, 3]),
        # A cart is worth two clicks: (5 + 2 * 10) / 100.
        ([shown(0, clicks=column(5), carts=column(10))], [2]),
        # Orders add up: (10 + 10 / 0.5) / 200.
        ([shown(0, clicks=column(10)), shown(1, clicks=column(10))], [1]),
        # Only the order that showed the product counts.
        ([shown(-1, clicks=column(0)), shown(0, clicks=column(30))], [3]),
        ([shown(-1, clicks=column(0))], [0]),
    ],
)
def test_hand_worked(events: list[EventCounts], expected: list[int]) -> None:
    assert labels_from_events(events, exponent=1.0, weights=WEIGHTS).tolist() == expected


def test_without_position_bias_every_position_counts_alike() -> None:
    grades = labels_from_events([shown(0, 5, clicks=column(25, 25))], exponent=0.0, weights=WEIGHTS)
    assert grades.tolist() == [2, 2]


@pytest.mark.parametrize(
    "events", [[], [shown(0, clicks=column(1)), shown(0, 1, clicks=column(1, 1))]]
)
def test_refuses(events: list[EventCounts]) -> None:
    with pytest.raises(RankingError):
        labels_from_events(events, exponent=1.0)
