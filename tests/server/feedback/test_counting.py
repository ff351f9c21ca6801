from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.feedback.counting import Increment, count_key, day_of, increments
from server.feedback.counts import ProductCounts
from server.feedback.event import EventKind, ShopperEvent
from server.feedback.event_store import EventStore
from tests.server.feedback.event_parts import NOON, event
from tests.server.feedback.shop_parts import open_store, with_catalog

_numbers = itertools.count()
some_events = st.lists(
    st.builds(
        event,
        st.sampled_from([f"e{place}" for place in range(12)]),
        kind=st.sampled_from(EventKind),
        product=st.sampled_from(["mug", "shoe", "gone"]),
        user=st.sampled_from([None, "ann"]),
        session=st.sampled_from([None, "visit", "other"]),
        time_seconds=st.sampled_from([NOON, NOON + 60, NOON + 86_400]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda each: each.event_id,
)


def test_keys_are_equal_for_events_of_which_one_counts() -> None:
    key = count_key("shop", event("a", session="visit"))
    same = [event("b", session="visit", user="ann", time_seconds=NOON + 20_000, position=4)]
    other = [
        event("a", session="visit2"),
        event("a", user="visit"),
        event("a", session="visit", product="shoe"),
        event("a", session="visit", kind=EventKind.PURCHASE),
        event("a", session="visit", time_seconds=NOON + 86_400),
    ]

    assert [count_key("shop", each) == key for each in same] == [True]
    keys = {count_key("shop", each) for each in other} | {key}
    assert len(keys | {count_key("shop2", event("a", session="visit"))}) == 7
    assert all(each is not None and -(2**63) <= each < 2**63 for each in keys)
    assert count_key("shop", event("a")) is None


def test_a_day_is_one_of_utc() -> None:
    # 2025-06-15 15:06:40 UTC is 20,254 days after 1970-01-01.
    assert day_of(NOON) == 20_254
    assert [day_of(each) for each in (0.0, 86_399.999, 86_400.0)] == [0, 0, 1]


def test_increments_add_up_by_product() -> None:
    given_events = [
        event("a"),
        event("b"),
        event("c", kind=EventKind.PURCHASE),
        event("d", kind=EventKind.IMPRESSION, product="shoe"),
        event("e", kind=EventKind.ADD_TO_CART, product="shoe"),
    ]

    assert increments(given_events) == {
        "mug": Increment(clicks=2, purchases=1),
        "shoe": Increment(impressions=1, carts=1),
    }
    assert increments([]) == {}


def plainly_counted(some: Sequence[ShopperEvent]) -> dict[str, list[float]]:
    """The counts in the plainest way: distinct visits, products, types and days."""
    seen = {
        (each.session or each.user or each.event_id, not each.session, each.product, each.kind,
         day_of(each.time_seconds))
        for each in some
    }  # fmt: skip
    found: dict[str, list[float]] = {}
    for _, _, product, kind, _ in seen:
        found.setdefault(product, [0.0] * 4)[kind - 1] += 1
    return found


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(some=some_events, seed=st.integers(0, 2**16), calls=st.integers(1, 4))
def test_counts_do_not_depend_on_order_calls_or_repetition(
    tmp_path: Path, some: list[ShopperEvent], seed: int, calls: int
) -> None:
    chance = random.Random(seed)
    sent = some + chance.choices(some, k=len(some))
    chance.shuffle(sent)
    store = with_catalog(open_store(f"sqlite:///{tmp_path / f'{next(_numbers)}.db'}"))
    kept = EventStore(store)

    outcomes = [kept.record("shop", sent[place::calls]) for place in range(calls)]

    ids, numbers = ProductCounts(store.database).all("shop")
    store.close()
    assert dict(zip(ids, numbers.tolist(), strict=True)) == plainly_counted(some)
    assert sum(each.recorded for each in outcomes) == len(some)
    assert sum(each.duplicates for each in outcomes) == len(some)
