"""Which searches are swapped, which places, and what never moves."""

from collections import Counter

import numpy as np
import pytest

from server.position_swap import FURTHEST, swapped

IDS = [f"{number:032x}" for number in range(3_000)]
ORDER = np.array([7, 3, 5, 1, 9, 0, 2, 4, 6, 8, 11, 10], np.int32)


def test_no_share_no_swap() -> None:
    assert all(swapped(ORDER, each, share=0.0) == (ORDER, None) for each in IDS[:50])


def test_the_share_is_kept_and_every_later_place_is_as_likely() -> None:
    places = [swapped(ORDER, each, share=0.3)[1] for each in IDS]
    found = [place for place in places if place is not None]
    assert len(found) == pytest.approx(0.3 * len(IDS), rel=0.1)
    counts = Counter(other for first, other in found if first == 0)
    assert sorted(counts) == list(range(1, FURTHEST + 1))
    expected = len(found) / FURTHEST
    assert sum((count - expected) ** 2 / expected for count in counts.values()) < 31.8


def test_only_two_places_change_and_the_given_order_stays() -> None:
    before = ORDER.copy()
    for each in IDS[:100]:
        order, places = swapped(ORDER, each, share=1.0)
        assert places is not None
        first, other = places
        assert (order[first], order[other]) == (ORDER[other], ORDER[first])
        untouched = [place for place in range(len(ORDER)) if place not in places]
        assert order[untouched].tolist() == ORDER[untouched].tolist()
    assert ORDER.tolist() == before.tolist()


def test_what_a_rule_pinned_never_moves() -> None:
    fixed = frozenset({3, 9})
    others = set()
    for each in IDS[:300]:
        order, places = swapped(ORDER, each, share=1.0, fixed=fixed)
        assert places is not None
        others.add(places[1])
        assert [int(order[1]), int(order[4])] == [3, 9]
    assert others == set(range(1, FURTHEST + 1)) - {1, 4}
    assert swapped(ORDER, IDS[0], share=1.0, fixed=frozenset({7})) == (ORDER, None)


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_swap(count: int) -> None:
    order = ORDER[:count]
    assert swapped(order, IDS[0], share=1.0) == (order, None)


def test_two_places() -> None:
    order, places = swapped(ORDER[:2], IDS[0], share=1.0)
    assert (order.tolist(), places) == ([3, 7], (0, 1))
