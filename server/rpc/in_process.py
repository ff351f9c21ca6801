"""Asks a search service without a wire, as a call over the wire would."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import grpc
import structlog
from omnishelf.v1 import search_service_pb2 as pb
from omnishelf.v1 import search_service_pb2_grpc


def ask_in_process(
    service: search_service_pb2_grpc.SearchServiceServicer, request: pb.SearchProductsRequest
) -> pb.SearchProductsResponse:
    """What the service answers, in the time it gives to calls that bring no deadline.

    Raises:
        OmnishelfError: what the service refuses, before any status is made of it.
    """
    try:
        return service.SearchProducts(request, cast("grpc.ServicerContext", _Call()))
    finally:
        # The service leaves facts for the line that is logged of a call; there is none of this.
        structlog.contextvars.clear_contextvars()


class _Call:
    """As much of `grpc.ServicerContext` as services of ours ask: nobody leaves, no deadline."""

    def add_callback(self, _callback: Callable[[], None]) -> bool:
        return True

    def time_remaining(self) -> float | None:
        return None

    def is_active(self) -> bool:
        return True
