"""The one table from an error of ours to what the wire says of it.

A status carries one ``google.rpc.ErrorInfo`` (domain `omnishelf`, the stable reason, the facts)
and, for a bad request, one ``google.rpc.BadRequest`` with every violation.
"""

from __future__ import annotations

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from server.errors import (
    AlreadyInUse,
    DataCorrupted,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidRequest,
    NotBuilt,
    NotFound,
    OmnishelfError,
    Overloaded,
    Unavailable,
    Violation,
)

DOMAIN = "omnishelf"

CODES: dict[type[OmnishelfError], grpc.StatusCode] = {
    InvalidRequest: grpc.StatusCode.INVALID_ARGUMENT,
    NotFound: grpc.StatusCode.NOT_FOUND,
    AlreadyInUse: grpc.StatusCode.ALREADY_EXISTS,
    FailedPrecondition: grpc.StatusCode.FAILED_PRECONDITION,
    NotBuilt: grpc.StatusCode.UNIMPLEMENTED,
    Overloaded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    DeadlineExceeded: grpc.StatusCode.DEADLINE_EXCEEDED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    DataCorrupted: grpc.StatusCode.DATA_LOSS,
}

# gRPC puts a status in the trailing metadata, of which a caller accepts 8 KiB: percent-encoded
# message and base64 details together have to stay below.
_MESSAGE_BYTES = 500
_VIOLATION_BYTES = 3_500
_FACT_CHARACTERS = 200


def code_of(error: OmnishelfError) -> grpc.StatusCode:
    """The wire code of an error, that of its nearest class in the table."""
    for kind in type(error).__mro__:
        if kind in CODES:
            return CODES[kind]
    return grpc.StatusCode.INTERNAL


def status_of(error: OmnishelfError) -> status_pb2.Status:
    """What the wire says of an error: code, message, reason, facts, violations."""
    facts = {name: str(value)[:_FACT_CHARACTERS] for name, value in error.facts.items()}
    details: list[error_details_pb2.ErrorInfo | error_details_pb2.BadRequest] = [
        error_details_pb2.ErrorInfo(domain=DOMAIN, reason=error.reason, metadata=facts)
    ]
    if isinstance(error, InvalidRequest):
        details.append(_bad_request(error.violations))
    return _status(code_of(error), error.message, details)


def internal_status(error_id: str) -> status_pb2.Status:
    """What a caller learns of an error that nobody foresaw: the id under which it was logged."""
    message = f"the server failed; report error {error_id} to whoever runs it"
    info = error_details_pb2.ErrorInfo(
        domain=DOMAIN, reason="INTERNAL", metadata={"error_id": error_id}
    )
    return _status(grpc.StatusCode.INTERNAL, message, [info])


def _status(
    code: grpc.StatusCode,
    message: str,
    details: list[error_details_pb2.ErrorInfo | error_details_pb2.BadRequest],
) -> status_pb2.Status:
    status = status_pb2.Status(code=code.value[0], message=_shortened(message))
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _bad_request(violations: tuple[Violation, ...]) -> error_details_pb2.BadRequest:
    """Every violation; of very many, those that fit, and at last how many more there are."""
    bad = error_details_pb2.BadRequest()
    room = _VIOLATION_BYTES
    for place, violation in enumerate(violations):
        entry = error_details_pb2.BadRequest.FieldViolation(  # type: ignore[call-arg] # stub lags
            field=violation.field,
            reason=violation.reason,
            description=_shortened(violation.description),
        )
        room -= entry.ByteSize()
        if room < 0 and place:
            more = f"{len(violations) - place} more violations; correct these first"
            bad.field_violations.add(
                field=violation.field, reason="MORE_VIOLATIONS", description=more
            )
            break
        bad.field_violations.append(entry)
    return bad


def _shortened(message: str) -> str:
    """At most `_MESSAGE_BYTES` bytes of UTF-8, which is what metadata counts."""
    encoded = message.encode()
    if len(encoded) <= _MESSAGE_BYTES:
        return message
    return encoded[:_MESSAGE_BYTES].decode(errors="ignore") + "…"
