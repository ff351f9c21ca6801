"""The one table from how a call to Triton ended to an error of ours."""

from __future__ import annotations

import grpc

from server.deadline import Deadline
from server.errors import DeadlineExceeded, OmnishelfError, Unavailable

# Triton gives these no status code of their own, so they are known by a part of their text.
_QUEUE_FULL = "maximum queue size"
_QUEUE_TIMEOUT = "timeout expired"
_REGION = "shared memory region"
_UNKNOWN_MODEL = "unknown model"
_NO_VERSION = "no available versions"


def error_of(
    code: grpc.StatusCode, details: str, *, address: str, to: str, deadline: Deadline
) -> OmnishelfError:
    """Give the error that stands for a failed call.

    Args:
        code: How the call ended; not OK.
        details: Triton's or gRPC's text; read here, never passed on.
        address: Where Triton was asked.
        to: What it was asked to do, for the message: "encode pictures".
        deadline: The caller's, which says whether a call was ended or ended by itself.

    Returns:
        DeadlineExceeded when the caller's time is spent or the caller has left, else Unavailable:
        ``TRITON_BUSY``, ``TRITON_UNREACHABLE``, ``TRITON_MODEL_MISSING``, ``TRITON_REGION_LOST``,
        ``TRITON_REFUSED``, ``TRITON_VERSION`` or ``TRITON_FAILED``.
    """
    if deadline.cancelled:
        return DeadlineExceeded(f"the caller left before Triton could {to}", reason="CALLER_LEFT")
    if deadline.remaining_seconds() == 0.0:
        return DeadlineExceeded(f"Triton took too long to {to}; allow the call more time")
    reason = _reason(code, details.lower())
    return Unavailable(_MESSAGES[reason].format(address=address, to=to), reason=reason)


_MESSAGES = {
    "TRITON_BUSY": "Triton at {address} has too much to do and could not {to}; try again in a"
    " moment, or give its models more instances",
    "TRITON_UNREACHABLE": "Triton at {address} did not answer when asked to {to}; see that it runs"
    " and that triton.address is right",
    "TRITON_MODEL_MISSING": "Triton at {address} has no such model to {to}; publish the bundle with"
    " `omnishelf triton publish` and load it",
    "TRITON_REGION_LOST": "Triton at {address} cannot use the shared memory it was given to {to};"
    " set triton.shared_memory to off",
    "TRITON_REFUSED": "Triton at {address} refuses what it was sent to {to}; publish the bundle"
    " again with this release",
    "TRITON_VERSION": "what answers at {address} is no Triton that can {to}; upgrade it, or correct"
    " triton.address",
    "TRITON_FAILED": "Triton at {address} failed to {to}; see its log",
}

_REASONS = {
    grpc.StatusCode.UNAVAILABLE: "TRITON_UNREACHABLE",
    grpc.StatusCode.CANCELLED: "TRITON_UNREACHABLE",  # the channel was closed, not the call
    grpc.StatusCode.DEADLINE_EXCEEDED: "TRITON_UNREACHABLE",  # our own limit, not the caller's
    grpc.StatusCode.RESOURCE_EXHAUSTED: "TRITON_BUSY",
    grpc.StatusCode.NOT_FOUND: "TRITON_MODEL_MISSING",
    grpc.StatusCode.INVALID_ARGUMENT: "TRITON_REFUSED",
    grpc.StatusCode.UNIMPLEMENTED: "TRITON_VERSION",
}


def _reason(code: grpc.StatusCode, details: str) -> str:
    if _QUEUE_FULL in details or _QUEUE_TIMEOUT in details:
        return "TRITON_BUSY"
    if _UNKNOWN_MODEL in details or _NO_VERSION in details:
        return "TRITON_MODEL_MISSING"
    if _REGION in details:
        return "TRITON_REGION_LOST"
    return _REASONS.get(code, "TRITON_FAILED")
