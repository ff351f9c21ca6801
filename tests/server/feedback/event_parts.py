"""Events for tests, most of their fields at a default."""

from __future__ import annotations

from dataclasses import replace

from server.feedback.event import EventKind, ShopperEvent

NOON = 1_750_000_000.0
"""A Unix time; the day has six hours left, and the hour of the clock 33 minutes."""

_PLAIN = ShopperEvent(event_id="e", kind=EventKind.CLICK, product="mug", time_seconds=NOON)


def event(event_id: str, **fields: object) -> ShopperEvent:
    """A click on the mug, but for the fields given."""
    return replace(_PLAIN, event_id=event_id, **fields)  # type: ignore[arg-type] # by keyword
