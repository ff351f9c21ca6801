"""What a page token says: the frozen order of a search, or where a listing goes on.

No server remembers a page. The token of a search carries the whole frozen order (ids, scores,
similarities, at most 1,000 hits), so any replica with the same key cuts the next page from it.
"""

from __future__ import annotations

import json
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from omnishelf.v1 import search_service_pb2

from server.arrays import Float32Array
from server.errors import InvalidRequest, Violation
from server.hits import NUMBERS, FiredRule, RankedHits
from server.query import FacetCounts, SearchResult
from server.rpc.signing import Refusal, TokenError, TokenKind, TokenSigner, digest
from server.stages import FallbackUsed

LIFETIME_SECONDS = 600
_FIELD = "page_token"
_LENGTH = struct.Struct(">I")

_VIOLATIONS = {
    Refusal.MALFORMED: Violation(
        field=_FIELD,
        reason="PAGE_TOKEN_INVALID",
        description="it was not written by this server; send next_page_token as it was given",
    ),
    Refusal.OTHER_BINDING: Violation(
        field=_FIELD,
        reason="PAGE_TOKEN_OTHER_REQUEST",
        description=(
            "it belongs to another request; repeat every other field as it was, or leave it empty "
            "to search anew"
        ),
    ),
    Refusal.EXPIRED: Violation(
        field=_FIELD,
        reason="PAGE_TOKEN_EXPIRED",
        description="its pages were kept for ten minutes; leave it empty to search anew",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenOrder:
    """A search that was answered before, and where its next page begins.

    ``expires_seconds`` (Unix time) passes to the tokens of the pages that follow.
    """

    result: SearchResult
    offset: int
    expires_seconds: int


class PageTokens:
    """Writes and reads page tokens."""

    def __init__(self, signer: TokenSigner, *, now: Callable[[], float] = time.time) -> None:
        self._signer = signer
        self._now = now

    def freeze(self, result: SearchResult) -> FrozenOrder:
        """A fresh search at its first page."""
        expires_seconds = int(self._now()) + LIFETIME_SECONDS
        return FrozenOrder(result=result, offset=0, expires_seconds=expires_seconds)

    def write_search(
        self, request: search_service_pb2.SearchProductsRequest, frozen: FrozenOrder, *, offset: int
    ) -> str:
        """The token of the page that begins at ``offset``."""
        return self._signer.seal(
            TokenKind.SEARCH,
            _packed(frozen.result, offset),
            binding=_binding(request),
            expires_seconds=frozen.expires_seconds,
            compress=False,
        )

    def read_search(self, request: search_service_pb2.SearchProductsRequest) -> FrozenOrder:
        """The order that ``request.page_token`` carries.

        Raises:
            InvalidRequest: ``PAGE_TOKEN_INVALID``, ``PAGE_TOKEN_OTHER_REQUEST`` or
                ``PAGE_TOKEN_EXPIRED`` of ``page_token``.
        """
        try:
            opened = self._signer.open(
                TokenKind.SEARCH,
                request.page_token,
                binding=_binding(request),
                now_seconds=self._now(),
            )
        except TokenError as error:
            raise InvalidRequest([_VIOLATIONS[error.refusal]]) from None
        result, offset = _unpacked(opened.body)
        return FrozenOrder(result=result, offset=offset, expires_seconds=opened.expires_seconds)

    def write_list(self, catalog: str, *, after_id: str) -> str:
        """The token of the page of a catalog's listing that begins after a product."""
        expires_seconds = int(self._now()) + LIFETIME_SECONDS
        return self._signer.seal(
            TokenKind.LIST,
            after_id.encode(),
            binding=digest(catalog.encode()),
            expires_seconds=expires_seconds,
        )

    def read_list(self, token: str, *, catalog: str) -> str:
        """The product after which the page begins; raises as `read_search` does."""
        try:
            opened = self._signer.open(
                TokenKind.LIST, token, binding=digest(catalog.encode()), now_seconds=self._now()
            )
        except TokenError as error:
            raise InvalidRequest([_VIOLATIONS[error.refusal]]) from None
        return opened.body.decode()


def _binding(request: search_service_pb2.SearchProductsRequest) -> bytes:
    """A digest of everything asked but where the page begins and how long it is."""
    bound = search_service_pb2.SearchProductsRequest()
    bound.CopyFrom(request)
    bound.ClearField("page_token")
    bound.ClearField("page_size")
    return digest(bound.SerializeToString(deterministic=True))


def _packed(result: SearchResult, offset: int) -> bytes:
    """The length of the text and the text, compressed: a line of JSON, then an id a line.

    Then the numbers of the hits, a matrix (n, 4 + families): a bit for each that is there, and
    these as float32, little endian. They are random to a compressor, which takes as long for them
    as for all the rest and makes them a fifth shorter; that many are not there in the first place.
    """
    hits = RankedHits.of(result.hits)
    line = {
        "offset": offset,
        "search_id": result.search_id,
        "encoder_bundle": result.encoder_bundle,
        "index": result.index,
        "ranker": result.ranker,
        "fallbacks": [[each.stage, each.used, each.reason] for each in result.fallbacks],
        "facets": [[each.field, each.counts] for each in result.facets],
        "families": hits.families,
        "rules": [
            [place, [[rule.name, rule.action] for rule in rules]]
            for place, rules in hits.rules.items()
        ],
    }
    # No id has a control character: `server.retrieval.rows` refuses them.
    text = zlib.compress("\n".join([json.dumps(line, ensure_ascii=False), *hits.ids]).encode(), 1)
    numbers = np.concatenate([hits.numbers, hits.parts], axis=1, dtype="<f4")
    known = ~np.isnan(numbers)
    return b"".join(
        [_LENGTH.pack(len(text)), text, np.packbits(known).tobytes(), numbers[known].tobytes()]
    )


def _unpacked(body: bytes) -> tuple[SearchResult, int]:
    (length,) = _LENGTH.unpack_from(body)
    text, rest = body[_LENGTH.size :][:length], body[_LENGTH.size + length :]
    head, *ids = zlib.decompress(text).decode().split("\n")
    line = json.loads(head)
    families = line["families"]
    rows = _numbers(rest, count=len(ids), width=len(NUMBERS) + len(families))
    result = SearchResult(
        search_id=line["search_id"],
        hits=RankedHits(
            ids,
            rows[:, : len(NUMBERS)],
            families=families,
            parts=rows[:, len(NUMBERS) :],
            rules={
                place: tuple(FiredRule(name=name, action=action) for name, action in rules)
                for place, rules in line.get("rules", [])
            },
        ),
        facets=tuple(
            FacetCounts(field=field, counts=tuple((value, count) for value, count in counts))
            for field, counts in line["facets"]
        ),
        stage_seconds={},
        fallbacks=tuple(
            FallbackUsed(stage=stage, used=used, reason=reason)
            for stage, used, reason in line["fallbacks"]
        ),
        encoder_bundle=line["encoder_bundle"],
        index=line["index"],
        ranker=line["ranker"],
    )
    return result, int(line["offset"])


def _numbers(packed: bytes, *, count: int, width: int) -> Float32Array:
    """The matrix (count, width) that `_packed` wrote, NaN where a number is not there."""
    bits = -(-count * width // 8)
    known = np.unpackbits(np.frombuffer(packed, np.uint8, bits), count=count * width)
    numbers = np.full(count * width, np.nan, np.float32)
    numbers[known.view(np.bool_)] = np.frombuffer(packed, "<f4", offset=bits)
    return numbers.reshape(count, width)
