"""Checks requests of the feedback service, and reads events out of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from omnishelf.v1 import feedback_service_pb2 as pb

from server.errors import InvalidRequest, Violation
from server.feedback.counting import DAY_SECONDS
from server.feedback.event import EventKind, ShopperEvent
from server.rpc.names import parse_catalog_name, parse_product_name
from server.rpc.violations import Violations

MOST_EVENTS: Final = 5_000
AHEAD_SECONDS: Final = 300.0
"""How far a caller's clock may be ahead of ours."""

_MOST_CHARACTERS: Final = 128
_MOST_POSITION: Final = 1_000_000
_MOST_UNITS: Final = 10**12
_NANOS: Final = 10**9
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_KINDS: Final = {
    pb.EVENT_TYPE_IMPRESSION: EventKind.IMPRESSION,
    pb.EVENT_TYPE_CLICK: EventKind.CLICK,
    pb.EVENT_TYPE_ADD_TO_CART: EventKind.ADD_TO_CART,
    pb.EVENT_TYPE_PURCHASE: EventKind.PURCHASE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An event that breaks rules: its place in the call, its id as sent, and every violation.

    Paths of violations begin at the event.
    """

    index: int
    event_id: str
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEvents:
    """The events of a call: those to record, and those refused."""

    catalog: str
    events: Sequence[ShopperEvent]
    refused: Sequence[Refused]


def read_events(
    request: pb.RecordEventsRequest, *, now_seconds: float, keep_days: float
) -> ReadEvents:
    """Every event of a call, read at a Unix time; older ones than ``keep_days`` are refused.

    Raises:
        InvalidRequest: the parent is wrong, or there are none or too many events.
    """
    violations = Violations()
    catalog = ""
    with violations.collecting():
        catalog = parse_catalog_name(request.parent, field="parent")
    count = len(request.events)
    if not 1 <= count <= MOST_EVENTS:
        description = f"it has {count:,} events; send 1 to {MOST_EVENTS:,}, and split what is more"
        violations.add("events", "EVENT_COUNT", description)
    violations.raise_any()
    reader = _Reader(catalog, now_seconds=now_seconds, keep_days=keep_days)
    events: list[ShopperEvent] = []
    refused: list[Refused] = []
    for index, event in enumerate(request.events):
        try:
            events.append(reader.read(event))
        except InvalidRequest as error:
            refused.append(
                Refused(index=index, event_id=event.event_id, violations=error.violations)
            )
    return ReadEvents(catalog=catalog, events=events, refused=refused)


def check_user(request: pb.ForgetUserRequest) -> str:
    """The user to forget.

    Raises:
        InvalidRequest: none is named, or none can be named so.
    """
    violations = Violations()
    _check_name(violations, "user", request.user)
    if not request.user:
        violations.add("user", "REQUIRED", "name the user to forget, as events carry it")
    violations.raise_any()
    return request.user


class _Reader:
    """Reads events of one catalog at one time."""

    def __init__(self, catalog: str, *, now_seconds: float, keep_days: float) -> None:
        self._catalog = catalog
        self._keep_days = keep_days
        self._latest = now_seconds + AHEAD_SECONDS
        self._oldest = now_seconds - keep_days * DAY_SECONDS

    def read(self, event: pb.Event) -> ShopperEvent:
        """The event, or InvalidRequest with all that is wrong with it."""
        violations = Violations()
        if not event.event_id:
            description = "give every event an id of its own, so that it can be sent again"
            violations.add("event_id", "REQUIRED", description)
        for field, text in (
            ("event_id", event.event_id),
            ("search_id", event.search_id),
            ("user", event.user),
            ("session", event.session),
        ):
            _check_name(violations, field, text)
        kind = _KINDS.get(event.type)
        if kind is None:
            description = f"{int(event.type)} is no type; take 1 to 4, as EventType names them"
            violations.add("type", "EVENT_TYPE", description)
        product = ""
        with violations.collecting():
            name = parse_product_name(event.product, field="product", catalog=self._catalog)
            product = name.product_id
        seconds = self._seconds(violations, event)
        position = _position(violations, event)
        quantity, micros = _bought(violations, event)
        violations.raise_any()
        return ShopperEvent(
            event_id=event.event_id,
            kind=kind or EventKind.IMPRESSION,
            product=product,
            time_seconds=seconds,
            search_id=event.search_id or None,
            position=position,
            user=event.user or None,
            session=event.session or None,
            quantity=quantity,
            revenue_micros=micros,
            currency=event.revenue.currency_code if micros is not None else None,
        )

    def _seconds(self, violations: Violations, event: pb.Event) -> float:
        if not event.HasField("time"):
            violations.add("time", "REQUIRED", "say when it was done")
            return 0.0
        seconds = _unix(event.time)
        if seconds is None:
            violations.add("time", "TIME_INVALID", "nanos are 0 to 999,999,999")
            return 0.0
        if seconds > self._latest:
            description = (
                f"it is {seconds - self._latest + AHEAD_SECONDS:,.0f} seconds ahead of the "
                f"server's clock; at most {AHEAD_SECONDS:,.0f} are allowed: set the caller's clock"
            )
            violations.add("time", "TIME_IN_FUTURE", description)
        elif seconds < self._oldest:
            description = (
                f"it is older than the {self._keep_days:g} days that the server keeps "
                "(feedback.keep_days)"
            )
            violations.add("time", "TIME_TOO_OLD", description)
        return seconds


def _unix(time: Timestamp) -> float | None:
    return time.seconds + time.nanos / _NANOS if 0 <= time.nanos < _NANOS else None


def _check_name(violations: Violations, field: str, text: str) -> None:
    violations.check_length(field, text, most=_MOST_CHARACTERS)
    if not text.isprintable():
        violations.add(field, "NOT_PRINTABLE", "it has control characters; leave them out")


def _position(violations: Violations, event: pb.Event) -> int | None:
    if not event.HasField("position"):
        if event.type == pb.EVENT_TYPE_IMPRESSION:
            description = "say at which place the product was seen, from 1"
            violations.add("position", "REQUIRED", description)
        return None
    violations.check_range("position", event.position, low=1, high=_MOST_POSITION)
    return event.position


def _bought(violations: Violations, event: pb.Event) -> tuple[int | None, int | None]:
    """Units and millionths paid, None where the event does not say."""
    if event.type != pb.EVENT_TYPE_PURCHASE:
        for field, given in (("quantity", event.quantity), ("revenue", event.HasField("revenue"))):
            if given:
                description = "only a purchase has it; leave it out, or send a purchase"
                violations.add(field, "NOT_A_PURCHASE", description)
        return None, None
    if event.quantity < 0:
        violations.add("quantity", "OUT_OF_RANGE", f"{event.quantity} is negative; take 1 or more")
    micros = _micros(violations, event.revenue) if event.HasField("revenue") else None
    return event.quantity or 1, micros


def _micros(violations: Violations, money: Money) -> int:
    if not _CURRENCY.fullmatch(money.currency_code):
        description = f"write three letters as EUR or CNY, not {money.currency_code[:10]!r}"
        violations.add("revenue.currency_code", "CURRENCY", description)
    if not (0 <= money.units <= _MOST_UNITS and 0 <= money.nanos < _NANOS):
        description = f"take 0 to {_MOST_UNITS:,} units and 0 to 999,999,999 nanos"
        violations.add("revenue", "OUT_OF_RANGE", description)
    return int(money.units) * 10**6 + money.nanos // 1_000
