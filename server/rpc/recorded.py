"""The search service with a recording beside it."""

# ruff: noqa: N802 - gRPC names the methods

from __future__ import annotations

import time
from typing import Protocol

import grpc
from omnishelf.v1 import search_service_pb2 as pb
from omnishelf.v1 import search_service_pb2_grpc


class Recording(Protocol):
    """Where answered searches go: `server.workload.recorder.Recorder`, or a fake."""

    def note(self, request: pb.SearchProductsRequest, *, arrived: float) -> None:
        """Keep what may be kept of a search that came at ``arrived`` (`time.monotonic`).

        Never waits and never raises.
        """


class RecordedSearchService(search_service_pb2_grpc.SearchServiceServicer):
    """Answers as another search service does, and notes every search that it answered."""

    def __init__(
        self, service: search_service_pb2_grpc.SearchServiceServicer, *, recording: Recording
    ) -> None:
        self._service = service
        self._recording = recording

    def SearchProducts(
        self, request: pb.SearchProductsRequest, context: grpc.ServicerContext
    ) -> pb.SearchProductsResponse:
        """Answer, then note."""
        arrived = time.monotonic()
        response = self._service.SearchProducts(request, context)
        self._recording.note(request, arrived=arrived)
        return response

    def ExplainRanking(
        self, request: pb.ExplainRankingRequest, context: grpc.ServicerContext
    ) -> pb.ExplainRankingResponse:
        """Answer: explanations are for people, and no load."""
        return self._service.ExplainRanking(request, context)
