from __future__ import annotations

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from omnishelf.v1 import feedback_service_pb2 as pb

from server.errors import InvalidRequest
from server.feedback.event import EventKind, ShopperEvent
from server.rpc.validate_feedback import check_user, read_events

NOW = 1_750_000_000
MUG = "catalogs/shop/products/mug"
IMPRESSION, CLICK, CART, PURCHASE = 1, 2, 3, 4


def event(**fields: object) -> pb.Event:
    """A click on the mug a minute ago, but for the fields given."""
    whole = {"event_id": "e", "type": CLICK, "product": MUG, "time": Timestamp(seconds=NOW - 60)}
    return pb.Event(**{**whole, **fields})  # type: ignore[arg-type] # by keyword


def wrong(given: pb.Event) -> list[tuple[str, str]]:
    """Fields and reasons of what is wrong with an event."""
    request = pb.RecordEventsRequest(parent="catalogs/shop", events=[given])
    read = read_events(request, now_seconds=NOW, keep_days=90)
    assert len(read.events) + len(read.refused) == 1
    return [(each.field, each.reason) for refused in read.refused for each in refused.violations]


def euros(**fields: int) -> Money:
    return Money(currency_code="EUR", **fields)


def test_everything_an_event_says_is_read() -> None:
    given = event(
        type=PURCHASE,
        time=Timestamp(seconds=NOW - 1, nanos=500_000_000),
        search_id="s",
        position=3,
        user="ann",
        session="visit",
        quantity=2,
        revenue=euros(units=12, nanos=340_000_000),
    )
    request = pb.RecordEventsRequest(parent="catalogs/shop", events=[given])

    assert read_events(request, now_seconds=NOW, keep_days=90).events == [
        ShopperEvent(
            event_id="e",
            kind=EventKind.PURCHASE,
            product="mug",
            time_seconds=NOW - 0.5,
            search_id="s",
            position=3,
            user="ann",
            session="visit",
            quantity=2,
            revenue_micros=12_340_000,
            currency="EUR",
        )
    ]


def test_what_is_not_said_is_none_and_one_is_bought() -> None:
    request = pb.RecordEventsRequest(
        parent="catalogs/shop", events=[event(), event(event_id="f", type=PURCHASE)]
    )
    click, purchase = read_events(request, now_seconds=NOW, keep_days=90).events

    assert click == ShopperEvent(
        event_id="e", kind=EventKind.CLICK, product="mug", time_seconds=NOW - 60
    )
    assert (purchase.quantity, purchase.revenue_micros, purchase.currency) == (1, None, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": IMPRESSION, "position": 1},
        {"type": CART},
        {"type": PURCHASE},  # without a click
        {"time": Timestamp(seconds=NOW + 300)},
        {"time": Timestamp(seconds=NOW - 90 * 86_400)},
        {"event_id": "x" * 128, "user": "用户" * 64, "session": "a b", "search_id": "s"},
        {"product": "catalogs/shop/products/never-seen"},
        {"type": PURCHASE, "revenue": euros()},
    ],
)
def test_what_is_right_is_taken(fields: dict[str, object]) -> None:
    assert wrong(event(**fields)) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"event_id": ""}, ("event_id", "REQUIRED")),
        ({"event_id": "x" * 129}, ("event_id", "TOO_LONG")),
        ({"event_id": "a\0b"}, ("event_id", "NOT_PRINTABLE")),
        ({"user": "x" * 129}, ("user", "TOO_LONG")),
        ({"session": "\n"}, ("session", "NOT_PRINTABLE")),
        ({"search_id": "x" * 129}, ("search_id", "TOO_LONG")),
        ({"type": 0}, ("type", "EVENT_TYPE")),
        ({"type": 9}, ("type", "EVENT_TYPE")),
        ({"product": ""}, ("product", "PRODUCT_NAME_INVALID")),
        ({"product": "mug"}, ("product", "PRODUCT_NAME_INVALID")),
        ({"product": "catalogs/other/products/mug"}, ("product", "PRODUCT_OTHER_CATALOG")),
        ({"time": None}, ("time", "REQUIRED")),
        ({"time": Timestamp(seconds=NOW + 301)}, ("time", "TIME_IN_FUTURE")),
        ({"time": Timestamp(seconds=NOW - 90 * 86_400 - 1)}, ("time", "TIME_TOO_OLD")),
        ({"time": Timestamp(seconds=-(2**62))}, ("time", "TIME_TOO_OLD")),
        ({"time": Timestamp(seconds=NOW, nanos=-1)}, ("time", "TIME_INVALID")),
        ({"type": IMPRESSION}, ("position", "REQUIRED")),
        ({"position": 0}, ("position", "OUT_OF_RANGE")),
        ({"position": -3}, ("position", "OUT_OF_RANGE")),
        ({"quantity": 1}, ("quantity", "NOT_A_PURCHASE")),
        ({"revenue": euros(units=1)}, ("revenue", "NOT_A_PURCHASE")),
        ({"type": PURCHASE, "quantity": -1}, ("quantity", "OUT_OF_RANGE")),
        ({"type": PURCHASE, "revenue": euros(units=-1)}, ("revenue", "OUT_OF_RANGE")),
        ({"type": PURCHASE, "revenue": euros(nanos=10**9)}, ("revenue", "OUT_OF_RANGE")),
        ({"type": PURCHASE, "revenue": euros(units=2**62)}, ("revenue", "OUT_OF_RANGE")),
        ({"type": PURCHASE, "revenue": Money(units=1)}, ("revenue.currency_code", "CURRENCY")),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, object], expected: tuple[str, str]) -> None:
    assert wrong(event(**fields)) == [expected]


def test_all_that_is_wrong_with_an_event_is_said_and_the_others_are_taken() -> None:
    request = pb.RecordEventsRequest(
        parent="catalogs/shop",
        events=[
            event(event_id="a"),
            pb.Event(event_id="b", type=pb.EVENT_TYPE_IMPRESSION),
            event(event_id="c"),
        ],
    )

    read = read_events(request, now_seconds=NOW, keep_days=90)

    assert [each.event_id for each in read.events] == ["a", "c"]
    (refused,) = read.refused
    assert (refused.index, refused.event_id) == (1, "b")
    assert [each.field for each in refused.violations] == ["product", "time", "position"]


@pytest.mark.parametrize(
    ("parent", "count", "expected"),
    [
        ("shop", 1, [("parent", "CATALOG_NAME_INVALID")]),
        ("catalogs/shop", 0, [("events", "EVENT_COUNT")]),
        ("catalogs/shop", 5_001, [("events", "EVENT_COUNT")]),
        ("", 0, [("parent", "CATALOG_NAME_INVALID"), ("events", "EVENT_COUNT")]),
    ],
)
def test_a_call_is_refused_as_a_whole(
    parent: str, count: int, expected: list[tuple[str, str]]
) -> None:
    request = pb.RecordEventsRequest(parent=parent, events=[event()] * count)
    with pytest.raises(InvalidRequest) as caught:
        read_events(request, now_seconds=NOW, keep_days=90)

    assert [(each.field, each.reason) for each in caught.value.violations] == expected
    if count > 1:
        assert "split" in caught.value.violations[0].description


def test_five_thousand_events_are_one_call() -> None:
    request = pb.RecordEventsRequest(parent="catalogs/shop", events=[event()] * 5_000)

    assert len(read_events(request, now_seconds=NOW, keep_days=90).events) == 5_000


@pytest.mark.parametrize(
    ("user", "reason"), [("", "REQUIRED"), ("x" * 129, "TOO_LONG"), ("\t", "NOT_PRINTABLE")]
)
def test_a_user_to_forget_is_named_rightly(user: str, reason: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_user(pb.ForgetUserRequest(user=user))

    assert caught.value.reason == reason
    assert check_user(pb.ForgetUserRequest(user="ann")) == "ann"
