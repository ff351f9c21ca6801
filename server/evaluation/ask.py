"""Judged queries through a server's search service, and what its answers are worth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import grpc
from omnishelf.v1 import search_service_pb2 as pb
from omnishelf.v1 import search_service_pb2_grpc

from server.errors import InvalidRequest, Violation
from server.evaluation.judged import JudgedQuery, RejectedQuery
from server.evaluation.quality import Answer, quality_of
from server.rpc.channel import wire_errors
from server.rpc.names import catalog_name

ANSWERS = 50


@dataclass(slots=True, kw_only=True)
class Examiner:
    """Asks queries of one catalog, once with the ranker and once in retrieval order.

    ``fallbacks`` counts those the server had to use, which make a measurement worth less.
    """

    channel: grpc.Channel
    target: str
    catalog: str
    view: pb.View.ValueType
    known: frozenset[str]
    fallbacks: Counter[str] = field(default_factory=Counter)

    def examine(self, query: JudgedQuery) -> Answer | RejectedQuery:
        """Ask a query and judge its answers over the products that the catalog has.

        Raises:
            OmnishelfError: the server failed, other than by refusing the query.
        """
        grades = {id_: grade for id_, grade in query.grades.items() if id_ in self.known}
        if not grades:
            description = "none of its relevant products is in the catalog"
            return _rejected(query, "relevance", "NOTHING_RELEVANT", description)
        try:
            served = self._ask(query, mode=pb.RankingOptions.MODE_MODEL)
            retrieval = self._ask(query, mode=pb.RankingOptions.MODE_RETRIEVAL)
        except InvalidRequest as error:
            first = error.violations[0]
            return RejectedQuery(line=query.line, violation=first)
        return Answer(
            language=query.language,
            served=quality_of(served, grades),
            retrieval=quality_of(retrieval, grades),
        )

    def _ask(self, query: JudgedQuery, *, mode: pb.RankingOptions.Mode.ValueType) -> list[str]:
        request = pb.SearchProductsRequest(
            parent=catalog_name(self.catalog),
            query=_parts(query),
            page_size=ANSWERS,
            view=self.view,
            product_detail=pb.PRODUCT_DETAIL_NAME,
            ranking=pb.RankingOptions(mode=mode),
        )
        with wire_errors(self.target):
            response = search_service_pb2_grpc.SearchServiceStub(self.channel).SearchProducts(
                request
            )
        self.fallbacks.update(f"{each.stage}: {each.used}" for each in response.fallbacks)
        return [hit.product.name.rpartition("/")[2] for hit in response.hits]


def _parts(query: JudgedQuery) -> list[pb.QueryPart]:
    parts = []
    if query.text is not None:
        parts.append(pb.QueryPart(text=query.text))
    if query.picture is not None:
        parts.append(pb.QueryPart(image=query.picture))
    return parts


def _rejected(query: JudgedQuery, field_: str, reason: str, description: str) -> RejectedQuery:
    violation = Violation(field=field_, reason=reason, description=description)
    return RejectedQuery(line=query.line, violation=violation)
