"""A search as the bytes that Milvus takes: what stays the same is made once, the rest joined on."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final

import numpy as np
from pymilvus.client.prepare import Prepare
from pymilvus.client.ts_utils import get_collection_ts, get_eventually_ts
from pymilvus.grpc_gen import common_pb2, milvus_pb2

from server.retrieval.milvus_schema import SEARCH_PARAMS, VECTOR_FIELDS
from server.retrieval.protocol import SparseVector, View, ViewQuery

_TEMPLATES: Final = 256
"""Kept at most; a filter of the longest kind makes one of some ten kilobytes."""

_TAG: Final = "$0"


def search_request(
    query: ViewQuery, *, collection: str, condition: str, limit: int, guarantee: int
) -> bytes:
    """A serialized `SearchRequest` for one view: the fields pymilvus would send, in another order.

    ``condition`` is a Milvus expression, empty for none; ``guarantee`` is what `own_writes` gave.
    """
    rest: bytes = milvus_pb2.SearchRequest(
        placeholder_group=_placeholder(query), guarantee_timestamp=guarantee
    ).SerializeToString()
    # Messages joined end to end are one message, with the fields of both.
    return _template(collection, query.view, condition, limit) + rest


def own_writes(collection: str, *, address: str) -> int:
    """The moment that a search must have reached to see what this process wrote there.

    It is what pymilvus asks for in sessions: the time of its last write to a collection, which it
    keeps by the server's address.
    """
    return int(get_collection_ts(collection, address) or get_eventually_ts())


@lru_cache(maxsize=_TEMPLATES)
def _template(collection: str, view: View, condition: str, limit: int) -> bytes:
    """All of a request but what is searched for and what must be seen."""
    request: milvus_pb2.SearchRequest = Prepare.search_requests_with_expr(
        collection_name=collection,
        anns_field=VECTOR_FIELDS[view],
        param=SEARCH_PARAMS,
        limit=limit,
        data=[np.zeros(1, np.float32)],
        expr=condition,
        use_default_consistency=True,
    )
    request.ClearField("placeholder_group")
    request.ClearField("guarantee_timestamp")
    template: bytes = request.SerializeToString()
    return template


def _placeholder(query: ViewQuery) -> bytes:
    if query.view is View.LEXICAL or query.vector is None:
        kind, value = common_pb2.PlaceholderType.SparseFloatVector, sparse_bytes(query.words)
    else:
        kind = common_pb2.PlaceholderType.FloatVector
        value = query.vector.astype("<f4", copy=False).tobytes()
    placeholder = common_pb2.PlaceholderValue(tag=_TAG, type=kind, values=[value])
    group: bytes = common_pb2.PlaceholderGroup(placeholders=[placeholder]).SerializeToString()
    return group


def sparse_bytes(words: SparseVector) -> bytes:
    """Terms in rising order, each as uint32 and its weight as float32, little endian.

    Example:
        >>> sparse_bytes({2: 1.0, 1: 0.5}).hex()
        '010000000000003f020000000000803f'
    """
    pairs = [number for pair in sorted(words.items()) for number in pair]
    return struct.pack(f"<{'If' * len(words)}", *pairs)
