"""One page of a search's frozen order, as the wire has it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from omnishelf.v1 import product_pb2
from omnishelf.v1 import search_service_pb2 as pb

from server.catalog.codec import product_name
from server.hits import RankedHit, RankedHits
from server.query import SearchResult
from server.rpc.page_tokens import PageTokens
from server.rpc.validate_search import AskedSearch
from server.stages import StageObserver

_NANOSECONDS = 1_000_000_000
_STAGE = "serialise"


ReadPayloads = Callable[[str, Sequence[str]], Mapping[str, bytes]]
"""Of a catalog and ids: serialized `omnishelf.v1.Product` by id, without those not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """A hit at its place in the whole answer, from 1, with its record."""

    position: int
    hit: RankedHit
    payload: bytes


class SearchReplies:
    """Cuts pages and turns them into responses."""

    def __init__(
        self, *, read_payloads: ReadPayloads, tokens: PageTokens, observer: StageObserver
    ) -> None:
        self._read_payloads = read_payloads
        self._tokens = tokens
        self._observer = observer

    def reply(
        self, request: pb.SearchProductsRequest, asked: AskedSearch, fresh: SearchResult | None
    ) -> pb.SearchProductsResponse:
        """The page asked for, of a fresh result or of the order that the page token carried."""
        started = time.perf_counter()
        frozen = self._tokens.freeze(fresh) if fresh else asked.frozen
        if frozen is None:
            raise ValueError("a page is cut from a fresh result or from a page token")
        result = frozen.result
        response = _head(result)
        offset = frozen.offset
        for placed in self._page(asked, result, frozen.offset):
            offset = placed.position
            _add_hit(response, placed, catalog=asked.query.catalog, detail=asked.detail)
        if offset < len(result.hits) and len(response.hits) == asked.page_size:
            response.next_page_token = self._tokens.write_search(request, frozen, offset=offset)
        seconds = time.perf_counter() - started
        self._observer.stage(_STAGE, seconds)
        _add_stage(response, _STAGE, seconds)
        return response

    def _page(self, asked: AskedSearch, result: SearchResult, offset: int) -> Iterator[_Placed]:
        """Hits from ``offset`` until the page is full; products deleted since are passed over."""
        missing = asked.page_size
        while missing and offset < len(result.hits):
            hits = RankedHits.of(result.hits)[offset : offset + missing]
            payloads = self._read_payloads(asked.query.catalog, hits.ids)
            for position, hit in enumerate(hits, offset + 1):
                payload = payloads.get(hit.product_id)
                if payload is not None:
                    missing -= 1
                    yield _Placed(position=position, hit=hit, payload=payload)
            offset += len(hits)


def _head(result: SearchResult) -> pb.SearchProductsResponse:
    response = pb.SearchProductsResponse(
        search_id=result.search_id,
        total_size=len(result.hits),
        served_by=pb.ServedBy(
            encoder_bundle=result.encoder_bundle, index=result.index, ranker=result.ranker
        ),
    )
    for facet in result.facets:
        counts = [pb.FacetCount(value=value, count=count) for value, count in facet.counts]
        response.facets.add(field=facet.field, counts=counts)
    for fallback in result.fallbacks:
        response.fallbacks.add(stage=fallback.stage, used=fallback.used, reason=fallback.reason)
    for stage, seconds in result.stage_seconds.items():
        _add_stage(response, stage, seconds)
    return response


def _add_stage(response: pb.SearchProductsResponse, stage: str, seconds: float) -> None:
    whole, nanos = divmod(int(seconds * _NANOSECONDS), _NANOSECONDS)
    timing = response.stages.add(stage=stage)
    timing.duration.seconds = whole
    timing.duration.nanos = nanos


def _add_hit(
    response: pb.SearchProductsResponse, placed: _Placed, *, catalog: str, detail: int
) -> None:
    found = placed.hit
    hit = response.hits.add(position=placed.position, score=found.score)
    if detail == pb.PRODUCT_DETAIL_NAME:
        hit.product.name = product_name(catalog, found.product_id)
    else:
        hit.product.MergeFromString(placed.payload)
        if detail == pb.PRODUCT_DETAIL_BASIC:
            _strip(hit.product)
    if not math.isnan(found.text_similarity):
        hit.similarities.text = found.text_similarity
    if not math.isnan(found.image_similarity):
        hit.similarities.image = found.image_similarity
    if not math.isnan(found.lexical_score):
        hit.similarities.lexical = found.lexical_score
    for family, value in found.contributions.items():
        hit.contributions.add(family=family, value=value)
    for rule in found.rules:
        hit.rules.add(name=rule.name, action=rule.action)


def _strip(product: product_pb2.Product) -> None:
    """Leave what a list of hits shows: no descriptions in any language, no attributes."""
    product.ClearField("description")
    product.ClearField("attributes")
    for translation in product.translations.values():
        translation.ClearField("description")
