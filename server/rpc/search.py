"""The search service."""

# ruff: noqa: N802 - gRPC names the methods

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

import grpc
from omnishelf.v1 import search_service_pb2 as pb
from omnishelf.v1 import search_service_pb2_grpc

from server.deadline import Deadline
from server.explanation import AskedExplanation, Explanation
from server.query import Query, SearchResult, TextPart
from server.rpc.call import Facts, current_call
from server.rpc.deadlines import deadline_of
from server.rpc.explain import explanation_message
from server.rpc.page_tokens import PageTokens
from server.rpc.reply import SearchReplies
from server.rpc.validate_explain import check_explanation
from server.rpc.validate_search import check_search
from server.rpc.work_turns import WorkTurns


class Searcher(Protocol):
    """What answers a checked query: `server.pipeline.Pipeline`, or a fake."""

    def search(self, query: Query, *, deadline: Deadline) -> SearchResult:
        """The whole frozen order of one search."""


class Explainer(Protocol):
    """What explains a checked query: `server.explaining.Explainer`, or a fake."""

    def explain(self, query: Query, asked: AskedExplanation, *, deadline: Deadline) -> Explanation:
        """Why a product of a search stands where it stands."""


class SearchService(search_service_pb2_grpc.SearchServiceServicer):
    """Ranks the products of a catalog for a query."""

    def __init__(
        self,
        *,
        searcher: Searcher,
        explainer: Explainer,
        replies: SearchReplies,
        tokens: PageTokens,
        dimension_of: Callable[[str], int],
        default_deadline_seconds: float,
        turns: WorkTurns | None = None,
    ) -> None:
        """``dimension_of`` gives the width of a catalog's vectors, by the catalog's resource name.

        Of a catalog that is not there it gives any: the search says so.
        """
        self._searcher = searcher
        self._explainer = explainer
        self._turns = turns or WorkTurns(0)
        self._replies = replies
        self._tokens = tokens
        self._dimension_of = dimension_of
        self._default_deadline_seconds = default_deadline_seconds

    def SearchProducts(
        self, request: pb.SearchProductsRequest, context: grpc.ServicerContext
    ) -> pb.SearchProductsResponse:
        """Check, search or take up a frozen order, reply."""
        call = current_call()
        deadline = deadline_of(context, default_seconds=self._default_deadline_seconds)
        dimension = self._dimension_of(request.parent)
        with self._turns.taken(deadline):
            call.begin_work()
            asked = check_search(request, dimension=dimension, tokens=self._tokens)
            fresh = None if asked.frozen else self._searcher.search(asked.query, deadline=deadline)
            response = self._replies.reply(request, asked, fresh, call=call)
        call.facts = partial(_facts, asked.query, response)
        return response

    def ExplainRanking(
        self, request: pb.ExplainRankingRequest, context: grpc.ServicerContext
    ) -> pb.ExplainRankingResponse:
        """Check, explain, reply."""
        deadline = deadline_of(context, default_seconds=self._default_deadline_seconds)
        dimension = self._dimension_of(request.search.parent)
        checked = check_explanation(request, dimension=dimension, tokens=self._tokens)
        with self._turns.taken(deadline):
            explanation = self._explainer.explain(checked.query, checked.asked, deadline=deadline)
        return explanation_message(explanation, catalog=checked.query.catalog)


def _facts(query: Query, response: pb.SearchProductsResponse) -> Facts:
    """For the call's log line; never the words that were asked."""
    return {
        "search_id": response.search_id,
        "catalog": query.catalog,
        "text_characters": sum(
            len(each.text) for each in query.parts if isinstance(each, TextPart)
        ),
        "parts": len(query.parts),
        "hits": len(response.hits),
        "stage_milliseconds": {
            each.stage: round(each.duration.seconds * 1_000 + each.duration.nanos / 1e6, 2)
            for each in response.stages
        },
        "fallbacks": [f"{each.stage}:{each.used}:{each.reason}" for each in response.fallbacks],
    }
