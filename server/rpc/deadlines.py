"""The deadline of a call and its caller's leaving, from the wire."""

from __future__ import annotations

import grpc

from server.deadline import Cancellation, Deadline

_NONE_GIVEN_SECONDS = 10 * 365 * 86_400.0


def deadline_of(context: grpc.ServicerContext, *, default_seconds: float) -> Deadline:
    """What the caller allows; ``default_seconds`` from now where the caller set no deadline.

    It is cancelled when the call ends, by the caller or by itself: no work for a call is wanted
    after its end. gRPC reports an absent deadline as None or as one that lies centuries ahead.
    """
    cancellation = Cancellation()
    if not context.add_callback(cancellation.cancel):
        cancellation.cancel()
    remaining = context.time_remaining()
    if remaining is None or remaining > _NONE_GIVEN_SECONDS:
        remaining = default_seconds
    return Deadline.after(remaining, cancellation=cancellation)
