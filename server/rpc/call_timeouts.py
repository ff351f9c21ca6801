"""Gives a call the timeout of its method where its caller set none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import grpc


class _Details(NamedTuple):
    """The details of a call, which gRPC reads by attribute."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: Any
    compression: Any


class CallTimeouts(grpc.UnaryUnaryClientInterceptor):  # type: ignore[type-arg] # at run time not generic
    """Timeouts in seconds by method (`/pkg.Service/Method`) or by service (`/pkg.Service/`).

    The method's own goes before its service's; None stands for no timeout.
    """

    def __init__(self, timeouts: Mapping[str, float | None]) -> None:
        self._timeouts = timeouts

    def intercept_unary_unary(
        self,
        continuation: Callable[[Any, Any], Any],
        client_call_details: grpc.ClientCallDetails,
        request: object,
    ) -> Any:  # noqa: ANN401 - gRPC's own call object
        """Pass the call on with its timeout."""
        timeout = client_call_details.timeout
        if timeout is None:
            method = client_call_details.method
            service = method[: method.rindex("/") + 1]
            timeout = self._timeouts.get(method, self._timeouts.get(service))
        details = _Details(
            method=client_call_details.method,
            timeout=timeout,
            metadata=client_call_details.metadata,
            credentials=client_call_details.credentials,
            wait_for_ready=client_call_details.wait_for_ready,
            compression=client_call_details.compression,
        )
        return continuation(details, request)
