"""The bytes of a search are the message that pymilvus would send."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymilvus.client.entity_helper import sparse_rows_to_proto
from pymilvus.client.prepare import Prepare
from pymilvus.client.ts_utils import update_collection_ts
from pymilvus.grpc_gen import milvus_pb2

from server.retrieval.milvus_request import own_writes, search_request, sparse_bytes
from server.retrieval.protocol import View, ViewQuery

UNIT = np.array([0.6, -0.8], np.float32)
WORDS = {7: 1.5, 2**32 - 2: 0.25, 3: 2.0}


@pytest.mark.parametrize(
    ("view", "field", "searched"),
    [
        (View.TEXT, "text_vector", UNIT),
        (View.IMAGE, "image_vector", UNIT),
        (View.LEXICAL, "lexical", WORDS),
    ],
)
@pytest.mark.parametrize("condition", ["", 'has_text == true and color == "red"'])
def test_a_request_says_what_pymilvus_would_say(
    view: View, field: str, searched: object, condition: str
) -> None:
    query = ViewQuery(view=view, words=WORDS) if view is View.LEXICAL else ViewQuery(
        view=view, vector=UNIT
    )  # fmt: skip
    theirs = Prepare.search_requests_with_expr(
        collection_name="omnishelf_a",
        anns_field=field,
        param={"metric_type": "IP"},
        limit=20,
        data=[searched],
        expr=condition,
        guarantee_timestamp=5,
    )
    for _ in range(2):  # the second from a template
        ours = search_request(
            query, collection="omnishelf_a", condition=condition, limit=20, guarantee=5
        )
        assert milvus_pb2.SearchRequest.FromString(ours) == theirs


def test_requests_differ_where_searches_do() -> None:
    def request(**changed: object) -> bytes:
        asked = {"collection": "a", "condition": "", "limit": 1, "guarantee": 1, **changed}
        return search_request(ViewQuery(view=View.TEXT, vector=UNIT), **asked)  # type: ignore[arg-type]

    changes: list[dict[str, object]] = [
        {},
        {"collection": "b"},
        {"condition": "x == 1"},
        {"limit": 2},
        {"guarantee": 2},
    ]
    assert len({request(**each) for each in changes}) == len(changes)


@given(st.dictionaries(st.integers(0, 2**32 - 2), st.floats(2**-20, 2**20, width=32), min_size=1))
def test_words_are_written_as_pymilvus_writes_them(words: dict[int, float]) -> None:
    assert sparse_bytes(words) == sparse_rows_to_proto([words]).contents[0]


def test_a_term_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(struct.error):
        sparse_bytes({-1: 1.0})


def test_what_was_written_here_must_be_seen() -> None:
    assert own_writes("omnishelf_never", address="here:1") == 1
    update_collection_ts("omnishelf_written", 449_000_000, endpoint="here:1")
    assert own_writes("omnishelf_written", address="here:1") == 449_000_000
    assert own_writes("omnishelf_written", address="there:1") == 1
