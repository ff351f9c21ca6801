"""The search service with a recording beside it, and asked without a wire."""

from __future__ import annotations

import time
from typing import Any

import grpc
import pytest
import structlog
from omnishelf.v1 import search_service_pb2 as pb
from omnishelf.v1 import search_service_pb2_grpc

from server.errors import NotFound
from server.rpc.deadlines import deadline_of
from server.rpc.in_process import ask_in_process
from server.rpc.recorded import RecordedSearchService


class Service(search_service_pb2_grpc.SearchServiceServicer):
    """Answers with a page token, or refuses."""

    seconds = 0.0

    def SearchProducts(  # noqa: N802 - gRPC names it
        self, request: pb.SearchProductsRequest, context: grpc.ServicerContext
    ) -> pb.SearchProductsResponse:
        self.seconds = deadline_of(context, default_seconds=7.5).remaining_seconds()
        structlog.contextvars.bind_contextvars(hits=3)
        if not request.parent:
            raise NotFound("there is no such catalog")
        return pb.SearchProductsResponse(next_page_token="two")  # noqa: S106 - of a page

    def ExplainRanking(  # noqa: N802 - gRPC names it
        self, request: pb.ExplainRankingRequest, context: grpc.ServicerContext
    ) -> pb.ExplainRankingResponse:
        del context
        return pb.ExplainRankingResponse(summary=request.product)


class Notes:
    """What was noted, and when it came."""

    def __init__(self) -> None:
        self.noted: list[tuple[pb.SearchProductsRequest, float]] = []

    def note(self, request: pb.SearchProductsRequest, *, arrived: float) -> None:
        self.noted.append((request, arrived))


SEARCH = pb.SearchProductsRequest(parent="catalogs/shop")


def test_what_is_answered_is_noted_with_its_arrival() -> None:
    notes = Notes()
    service = RecordedSearchService(Service(), recording=notes)
    before = time.monotonic()
    assert ask_in_process(service, SEARCH).next_page_token == "two"  # noqa: S105 - of a page
    ((request, arrived),) = notes.noted
    assert request is SEARCH
    assert before <= arrived <= time.monotonic()


def test_what_is_refused_or_explained_is_not_noted() -> None:
    notes = Notes()
    service = RecordedSearchService(Service(), recording=notes)
    with pytest.raises(NotFound):
        ask_in_process(service, pb.SearchProductsRequest())
    nobody: Any = None
    explained = service.ExplainRanking(pb.ExplainRankingRequest(product="mug"), nobody)
    assert explained.summary == "mug"
    assert not notes.noted


def test_a_call_without_a_wire_has_the_servers_time_and_leaves_no_facts() -> None:
    service = Service()
    ask_in_process(service, SEARCH)
    assert 0 < service.seconds <= 7.5
    assert not structlog.contextvars.get_contextvars()
