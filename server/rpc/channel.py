"""Callers' side: a channel that keeps the service config, and its errors as errors of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from server.errors import InvalidRequest, NotBuilt, OmnishelfError, Unavailable, Violation
from server.rpc.call_timeouts import CallTimeouts
from server.rpc.status import CODES

MESSAGE_BYTES = 32 * 2**20
"""Largest message either side takes."""

_KINDS = {code: kind for kind, code in CODES.items() if kind not in (InvalidRequest, NotBuilt)}


def service_config() -> str:
    """Timeouts and retries by method, as every gRPC client reads them (JSON)."""
    return files("server.rpc").joinpath("service_config.json").read_text("utf-8")


@contextmanager
def open_channel(target: str) -> Iterator[grpc.Channel]:
    """A channel to ``host:port`` that keeps the service config; closed when the block ends."""
    config = json.loads(service_config())
    timeouts = {}
    for entry in config["methodConfig"]:
        # gRPC's core ends a call up to two seconds before a timeout of the service config, and
        # does not tell the server of it: each call is given the timeout as its own instead.
        timeout = entry.pop("timeout", None)
        for name in entry["name"]:
            path = f"/{name['service']}/{name.get('method', '')}"
            timeouts[path] = float(timeout.removesuffix("s")) if timeout else None
    options = [
        ("grpc.service_config", json.dumps(config)),
        ("grpc.max_send_message_length", MESSAGE_BYTES),
        ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ]
    with grpc.insecure_channel(target, options=options) as channel:
        yield grpc.intercept_channel(channel, CallTimeouts(timeouts))


@contextmanager
def wire_errors(target: str) -> Iterator[None]:
    """Raise what the server refused as the error that it raised there.

    Raises:
        OmnishelfError: Of the class that stands for the status code; the reason, the facts and the
            violations are those of the server.
    """
    try:
        yield
    except grpc.RpcError as error:
        raise error_of(error, target=target) from None


def error_of(error: grpc.RpcError, *, target: str) -> OmnishelfError:
    """The error of ours that a failed call stands for."""
    if not isinstance(error, grpc.Call):
        return OmnishelfError(f"the call to {target} ended before an answer")
    code, message = error.code(), error.details() or "the call failed"
    status = rpc_status.from_call(error)
    info, violations = _details(status)
    if code is grpc.StatusCode.UNAVAILABLE and status is None:
        return Unavailable(
            f"no server answers at {target}; start one with `omnishelf serve`, or name another "
            "with --server",
            reason="NO_SERVER",
            target=target,
        )
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        whole = Violation(field="request", reason=info.reason, description=message)
        return InvalidRequest(violations or [whole])
    facts = dict(info.metadata)
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return NotBuilt(facts.get("field", "request"), message)
    return _KINDS.get(code, OmnishelfError)(message, reason=info.reason or code.name, **facts)


def _details(
    status: status_pb2.Status | None,
) -> tuple[error_details_pb2.ErrorInfo, list[Violation]]:
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    for detail in status.details if status else ():
        detail.Unpack(info)
        detail.Unpack(bad)
    violations = [
        Violation(
            field=each.field,
            reason=each.reason,  # type: ignore[attr-defined] # the stub lags
            description=each.description,
        )
        for each in bad.field_violations
    ]
    return info, violations
