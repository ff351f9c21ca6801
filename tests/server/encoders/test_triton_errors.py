"""How each end of a call to Triton is called."""

from __future__ import annotations

import grpc
import pytest

from server.deadline import Cancellation, Deadline
from server.encoders.triton_errors import error_of
from server.errors import DeadlineExceeded, OmnishelfError, Unavailable

Code = grpc.StatusCode
LATER = Deadline.after(3_600)


def told(code: grpc.StatusCode, details: str, deadline: Deadline = LATER) -> OmnishelfError:
    return error_of(code, details, address="triton:8001", to="encode texts", deadline=deadline)


@pytest.mark.parametrize(
    ("code", "details", "reason"),
    [
        (Code.UNAVAILABLE, "failed to connect to all addresses", "TRITON_UNREACHABLE"),
        (Code.UNAVAILABLE, "[request id: 1] Exceeds maximum queue size", "TRITON_BUSY"),
        (Code.UNAVAILABLE, "Request timeout expired", "TRITON_BUSY"),
        (Code.RESOURCE_EXHAUSTED, "", "TRITON_BUSY"),
        (Code.CANCELLED, "Channel closed!", "TRITON_UNREACHABLE"),
        (Code.DEADLINE_EXCEEDED, "Deadline Exceeded", "TRITON_UNREACHABLE"),
        (Code.NOT_FOUND, "Request for unknown model: 'x' is not found", "TRITON_MODEL_MISSING"),
        (Code.UNAVAILABLE, "unknown model: 'x' has no available versions", "TRITON_MODEL_MISSING"),
        (Code.NOT_FOUND, "Unable to find shared memory region: 'r'", "TRITON_REGION_LOST"),
        (Code.INVALID_ARGUMENT, "input byte size mismatch", "TRITON_REFUSED"),
        (Code.UNIMPLEMENTED, "", "TRITON_VERSION"),
        (Code.INTERNAL, "onnx runtime error", "TRITON_FAILED"),
        (Code.UNKNOWN, "", "TRITON_FAILED"),
    ],
)
def test_the_table(code: grpc.StatusCode, details: str, reason: str) -> None:
    error = told(code, details)
    assert (type(error), error.reason) == (Unavailable, reason)
    assert "triton:8001" in error.message
    assert "encode texts" in error.message
    assert not details or details not in error.message


@pytest.mark.parametrize("code", [Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE, Code.CANCELLED])
def test_once_the_time_is_spent_that_is_what_it_is_called(code: grpc.StatusCode) -> None:
    error = told(code, "Request timeout expired", Deadline.after(0))
    assert (type(error), error.reason) == (DeadlineExceeded, "DEADLINE_EXCEEDED")


def test_a_caller_who_left_is_no_fault_of_triton() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    left = Deadline.after(3_600, cancellation=cancellation)
    error = told(Code.CANCELLED, "", left)
    assert (type(error), error.reason) == (DeadlineExceeded, "CALLER_LEFT")
