"""The deadline of a call, from the wire."""

from __future__ import annotations

import grpc

from server.deadline import Deadline

_NONE_GIVEN_SECONDS = 10 * 365 * 86_400.0


def deadline_of(context: grpc.ServicerContext, *, default_seconds: float) -> Deadline:
    """What the caller allows; ``default_seconds`` from now where the caller set no deadline.

    gRPC reports an absent deadline as None or as one that lies centuries ahead.
    """
    remaining = context.time_remaining()
    if remaining is None or remaining > _NONE_GIVEN_SECONDS:
        return Deadline.after(default_seconds)
    return Deadline.after(remaining)
