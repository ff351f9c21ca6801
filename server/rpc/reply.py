"""One page of a search's frozen order, as the wire has it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from omnishelf.v1 import search_service_pb2 as pb

from server.catalog.codec import product_name
from server.catalog.detail import Detail
from server.hits import RankedHits
from server.query import SearchResult
from server.rpc.call import Call
from server.rpc.page_tokens import PageTokens
from server.rpc.validate_search import AskedSearch
from server.stages import StageObserver

_NANOSECONDS = 1_000_000_000
_QUEUE, _SERIALISE, _OTHER = "queue", "serialise", "other"

_SHOWN: Final[Mapping[int, Detail]] = {
    pb.PRODUCT_DETAIL_NAME: Detail.LISTED,
    pb.PRODUCT_DETAIL_BASIC: Detail.LISTED,
    pb.PRODUCT_DETAIL_FULL: Detail.WHOLE,
}

ReadPayloads = Callable[[str, Sequence[str], Detail], Mapping[str, bytes]]
"""Of a catalog and ids: serialized `omnishelf.v1.Product` by id, cut down to the detail, without
those not there."""


class SearchReplies:
    """Cuts pages and turns them into responses."""

    def __init__(
        self, *, read_payloads: ReadPayloads, tokens: PageTokens, observer: StageObserver
    ) -> None:
        self._read_payloads = read_payloads
        self._tokens = tokens
        self._observer = observer

    def reply(
        self,
        request: pb.SearchProductsRequest,
        asked: AskedSearch,
        fresh: SearchResult | None,
        *,
        call: Call,
    ) -> pb.SearchProductsResponse:
        """The page asked for, of a fresh result or of the order that the page token carried."""
        started = time.perf_counter()
        frozen = self._tokens.freeze(fresh) if fresh else asked.frozen
        if frozen is None:
            raise ValueError("a page is cut from a fresh result or from a page token")
        result = frozen.result
        response = _head(result)
        hits = RankedHits.of(result.hits)
        end = self._add_page(response, asked, hits, offset=frozen.offset)
        if end < len(hits) and len(response.hits) == asked.page_size:
            response.next_page_token = self._tokens.write_search(request, frozen, offset=end)
        self._add_stages(response, result.stage_seconds, call=call, started=started)
        return response

    def _add_page(
        self,
        response: pb.SearchProductsResponse,
        asked: AskedSearch,
        hits: RankedHits,
        *,
        offset: int,
    ) -> int:
        """Add hits from ``offset`` until the page is full; where the next one begins.

        Products deleted since are passed over.
        """
        catalog, missing = asked.query.catalog, asked.page_size
        while missing and offset < len(hits):
            some = hits[offset : offset + missing]
            payloads = self._read_payloads(catalog, some.ids, _SHOWN[asked.detail])
            numbers = some.numbers.tolist()
            for place, product_id in enumerate(some.ids):
                payload = payloads.get(product_id)
                if payload is None:
                    continue
                missing -= 1
                score, *similarities = numbers[place]
                hit = response.hits.add(position=offset + place + 1, score=score)
                if asked.detail == pb.PRODUCT_DETAIL_NAME:
                    hit.product.name = product_name(catalog, product_id)
                else:
                    hit.product.MergeFromString(payload)
                _add_similarities(hit.similarities, *similarities)
                if some.families or some.rules:
                    _explain(hit, some, place)
            offset += len(some)
        return offset

    def _add_stages(
        self,
        response: pb.SearchProductsResponse,
        measured: Mapping[str, float],
        *,
        call: Call,
        started: float,
    ) -> None:
        """Add the stages, in order: what is in none is `other`, so that they make up the whole."""
        serialise = time.perf_counter() - started
        other = max(0.0, call.worked_seconds() - sum(measured.values()) - serialise)
        for stage, seconds in (
            (_QUEUE, call.queued_seconds),
            *measured.items(),
            (_SERIALISE, serialise),
            (_OTHER, other),
        ):
            if stage not in measured:
                self._observer.stage(stage, seconds)
            whole, nanos = divmod(int(seconds * _NANOSECONDS), _NANOSECONDS)
            timing = response.stages.add(stage=stage)
            timing.duration.seconds = whole
            timing.duration.nanos = nanos


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
    return response


def _add_similarities(
    similarities: pb.Similarities, text: float, image: float, lexical: float
) -> None:
    # Only a NaN differs from itself, and asking so is three times as fast as calling isnan.
    if text == text:  # noqa: PLR0124 - see above
        similarities.text = text
    if image == image:  # noqa: PLR0124
        similarities.image = image
    if lexical == lexical:  # noqa: PLR0124
        similarities.lexical = lexical


def _explain(hit: pb.Hit, hits: RankedHits, place: int) -> None:
    found = hits[place]
    for family, value in found.contributions.items():
        hit.contributions.add(family=family, value=value)
    for rule in found.rules:
        hit.rules.add(name=rule.name, action=rule.action)
