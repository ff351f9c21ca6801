"""What surrounds every call: a permit at the door, errors as statuses, one metric, one log line."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any, TypeAlias

import grpc
import structlog
from google.rpc import status_pb2
from grpc_status import rpc_status

from server.errors import OmnishelfError, Overloaded
from server.observability import Metrics
from server.rpc.status import code_of, internal_status, status_of

_OURS = "/omnishelf."

_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permits:
    """How many calls may be worked on at one time: single answers, and streams that stay open."""

    calls: BoundedSemaphore
    streams: BoundedSemaphore

    @classmethod
    def of(cls, *, calls: int, streams: int) -> Permits:
        """So many permits of each kind."""
        return cls(calls=BoundedSemaphore(calls), streams=BoundedSemaphore(streams))


class CallInterceptor(grpc.ServerInterceptor):  # type: ignore[type-arg] # at run time not generic
    """Surrounds the methods of `omnishelf.*`; health and reflection pass untouched and unmetered.

    A call that finds no permit is refused before its work starts. A domain error becomes the status
    of the table; any other exception is logged under an id, and the caller learns the id alone.
    """

    def __init__(self, *, permits: Permits, metrics: Metrics) -> None:
        self._permits = permits
        self._metrics = metrics
        self._log = structlog.get_logger("omnishelf.rpc")

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], _Handler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler | None:
        """Wrap the handler of one of our methods."""
        handler = continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(_OURS):
            return handler
        method = handler_call_details.method.rpartition(".")[2]
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                self._single(handler.unary_unary, method),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        if handler.stream_stream is not None:
            return grpc.stream_stream_rpc_method_handler(
                self._stream(handler.stream_stream, method),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        raise NotImplementedError(f"{method} is of a kind that no method of ours is")

    def _single(self, behave: Callable[..., Any], method: str) -> Callable[..., Any]:
        def answer(request: object, context: grpc.ServicerContext) -> object:
            with self._call(method, context, self._permits.calls):
                return behave(request, context)

        return answer

    def _stream(self, behave: Callable[..., Any], method: str) -> Callable[..., Any]:
        def answer(requests: object, context: grpc.ServicerContext) -> Iterator[object]:
            with self._call(method, context, self._permits.streams):
                yield from behave(requests, context)

        return answer

    @contextmanager
    def _call(
        self, method: str, context: grpc.ServicerContext, permits: BoundedSemaphore
    ) -> Iterator[None]:
        started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        status: status_pb2.Status | None = None
        code = grpc.StatusCode.CANCELLED
        try:
            with self._admitted(permits):
                yield
            code = grpc.StatusCode.OK if context.is_active() else grpc.StatusCode.CANCELLED
        except OmnishelfError as error:
            status, code = status_of(error), code_of(error)
            structlog.contextvars.bind_contextvars(reason=error.reason)
        except Exception:  # noqa: BLE001 - the one place where nothing may pass
            error_id = uuid.uuid4().hex[:12]
            status, code = internal_status(error_id), grpc.StatusCode.INTERNAL
            self._log.error("unforeseen error", method=method, error_id=error_id, exc_info=True)
        finally:
            self._record(method, code, time.perf_counter() - started)
        if status is not None:
            context.abort_with_status(rpc_status.to_status(status))

    @contextmanager
    def _admitted(self, permits: BoundedSemaphore) -> Iterator[None]:
        if not permits.acquire(blocking=False):
            raise Overloaded("the server is at its limit; try again in a moment")
        try:
            with self._metrics.in_flight.track_inprogress():
                yield
        finally:
            permits.release()

    def _record(self, method: str, code: grpc.StatusCode, seconds: float) -> None:
        self._metrics.calls.labels(method, code.name).inc()
        self._metrics.call_seconds.labels(method).observe(seconds)
        self._log.info(
            "call", method=method, code=code.name, milliseconds=round(seconds * 1_000, 2)
        )
