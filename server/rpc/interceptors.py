"""What surrounds every call: a permit at the door, errors as statuses, one metric, one log line."""

from __future__ import annotations

import logging
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
from prometheus_client import Counter, Histogram

from server.errors import OmnishelfError, Overloaded
from server.observability import Metrics
from server.rpc.call import Call, begin_call, end_call
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
        # Looking a label up takes a lock and ten times as long as counting.
        self._counters: dict[tuple[str, grpc.StatusCode], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], _Handler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler | None:
        """Wrap the handler of one of our methods."""
        arrived = time.perf_counter()
        handler = continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(_OURS):
            return handler
        method = handler_call_details.method.rpartition(".")[2]
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                self._single(handler.unary_unary, method, arrived),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        if handler.stream_stream is not None:
            return grpc.stream_stream_rpc_method_handler(
                self._stream(handler.stream_stream, method, arrived),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        raise NotImplementedError(f"{method} is of a kind that no method of ours is")

    def _single(
        self, behave: Callable[..., Any], method: str, arrived: float
    ) -> Callable[..., Any]:
        def answer(request: object, context: grpc.ServicerContext) -> object:
            with self._call(method, context, self._permits.calls, arrived):
                return behave(request, context)

        return answer

    def _stream(
        self, behave: Callable[..., Any], method: str, arrived: float
    ) -> Callable[..., Any]:
        def answer(requests: object, context: grpc.ServicerContext) -> Iterator[object]:
            with self._call(method, context, self._permits.streams, arrived):
                yield from behave(requests, context)

        return answer

    @contextmanager
    def _call(
        self,
        method: str,
        context: grpc.ServicerContext,
        permits: BoundedSemaphore,
        arrived: float,
    ) -> Iterator[None]:
        call = begin_call(arrived=arrived)
        status: status_pb2.Status | None = None
        code, reason = grpc.StatusCode.CANCELLED, ""
        admitted = permits.acquire(blocking=False)
        try:
            self._check(admitted=admitted)
            yield
            code = grpc.StatusCode.OK if context.is_active() else grpc.StatusCode.CANCELLED
        except OmnishelfError as error:
            status, code, reason = status_of(error), code_of(error), error.reason
        except Exception:  # noqa: BLE001 - the one place where nothing may pass
            error_id = uuid.uuid4().hex[:12]
            status, code = internal_status(error_id), grpc.StatusCode.INTERNAL
            self._log.error("unforeseen error", method=method, error_id=error_id, exc_info=True)
        finally:
            if admitted:
                self._metrics.in_flight.dec()
                permits.release()
            end_call()
            self._record(method, code, call, reason)
        if status is not None:
            context.abort_with_status(rpc_status.to_status(status))

    def _check(self, *, admitted: bool) -> None:
        if not admitted:
            raise Overloaded("the server is at its limit; try again in a moment")
        self._metrics.in_flight.inc()

    def _record(self, method: str, code: grpc.StatusCode, call: Call, reason: str) -> None:
        seconds = call.whole_seconds()
        counter = self._counters.get((method, code))
        if counter is None:
            counter = self._metrics.calls.labels(method, code.name)
            self._counters[method, code] = counter
            self._timers[method] = self._metrics.call_seconds.labels(method)
        counter.inc()
        self._timers[method].observe(seconds)
        if self._log.is_enabled_for(logging.INFO):
            facts = {**call.facts(), "reason": reason} if reason else call.facts()
            milliseconds = round(seconds * 1_000, 2)
            self._log.info(
                "call", method=method, code=code.name, milliseconds=milliseconds, **facts
            )
