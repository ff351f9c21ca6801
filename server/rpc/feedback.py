"""The feedback service."""

# ruff: noqa: ARG002, N802 - gRPC names the methods and gives every one a context

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import grpc
from omnishelf.v1 import feedback_service_pb2 as pb
from omnishelf.v1 import feedback_service_pb2_grpc

from server.errors import InvalidRequest
from server.feedback.event import EventKind, Recorded, ShopperEvent
from server.feedback.forgetting import Forgotten
from server.rpc.status import status_of
from server.rpc.validate_feedback import ReadEvents, check_user, read_events


class Events(Protocol):
    """What keeps events: `server.feedback.event_store.EventStore`, or a double."""

    def record(self, catalog: str, given: Sequence[ShopperEvent]) -> Recorded:
        """Make events durable."""


class Forgetter(Protocol):
    """What erases shoppers: `server.feedback.forgetting.Forgetting`, or a double."""

    def forget(self, user: str) -> Forgotten:
        """Erase a user."""


class Heard(Protocol):
    """Is told who did something, so that what was remembered of them is looked up anew."""

    def __call__(self, catalog: str, *, user: str, session: str) -> None:
        """Somebody clicked, carted or bought; either name may be empty. It must not raise."""


class FeedbackService(feedback_service_pb2_grpc.FeedbackServiceServicer):
    """Records what shoppers do, and forgets them."""

    def __init__(
        self,
        *,
        events: Events,
        forgetter: Forgetter,
        keep_days: float,
        heard: Heard | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``keep_days`` is the age from which events are refused; ``clock`` gives Unix seconds."""
        self._events = events
        self._forgetter = forgetter
        self._keep_days = keep_days
        self._heard = heard
        self._clock = clock

    def RecordEvents(
        self, request: pb.RecordEventsRequest, context: grpc.ServicerContext
    ) -> pb.RecordEventsResponse:
        """Record the events that are right, and name the others."""
        read = read_events(request, now_seconds=self._clock(), keep_days=self._keep_days)
        recorded = self._events.record(read.catalog, read.events)
        self._tell(read)
        return _response(recorded, read)

    def ForgetUser(
        self, request: pb.ForgetUserRequest, context: grpc.ServicerContext
    ) -> pb.ForgetUserResponse:
        """Erase a user and count what is left."""
        forgotten = self._forgetter.forget(check_user(request))
        return pb.ForgetUserResponse(
            erased_event_count=forgotten.events,
            erased_search_count=forgotten.searches,
            remaining_count=forgotten.remaining,
        )

    def _tell(self, read: ReadEvents) -> None:
        if self._heard is None:
            return
        acted = (event for event in read.events if event.kind is not EventKind.IMPRESSION)
        for user, session in {(each.user or "", each.session or "") for each in acted}:
            self._heard(read.catalog, user=user, session=session)


def _response(recorded: Recorded, read: ReadEvents) -> pb.RecordEventsResponse:
    response = pb.RecordEventsResponse(
        recorded_count=recorded.recorded,
        duplicate_count=recorded.duplicates,
        unknown_product_count=recorded.unknown_products,
        unknown_search_count=recorded.unknown_searches,
    )
    for each in read.refused:
        response.refused_events.add(
            index=each.index,
            event_id=each.event_id,
            status=status_of(InvalidRequest(each.violations)),
        )
    return response
