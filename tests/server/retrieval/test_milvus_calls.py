"""Searches sent to the real embedded engine without pymilvus, and those that fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from pymilvus.client.connection_manager import ConnectionConfig

from server.deadline import Deadline
from server.errors import Unavailable
from server.retrieval.milvus import MilvusEngine
from server.retrieval.milvus_calls import Found, SearchCalls, open_calls
from server.retrieval.milvus_index import MilvusIndex
from server.retrieval.milvus_request import search_request
from server.retrieval.protocol import IndexRows, View, ViewHits, ViewQuery

DIMENSION = 8
TEXT = np.eye(DIMENSION, dtype=np.float32)[0]
QUERIES = (
    ViewQuery(view=View.TEXT, vector=TEXT),
    ViewQuery(view=View.LEXICAL, words={5: 2.0}),
    ViewQuery(view=View.IMAGE, vector=TEXT),
)
IDS = [f"p{number}%" for number in range(30)]
MakeRows = Callable[..., IndexRows]


def leaning(number: int) -> object:
    """A unit vector that is the less like the first axis the higher its number."""
    vector = np.zeros(DIMENSION, np.float32)
    vector[:2] = np.cos(number / 40), np.sin(number / 40)
    return vector


@pytest.fixture
def filled(milvus_index: MilvusIndex, make_rows: MakeRows) -> MilvusIndex:
    vectors = {each: leaning(number) for number, each in enumerate(IDS)}
    words = {each: {5: 1.0 + number} for number, each in enumerate(IDS[:9])}
    milvus_index.upsert(make_rows(IDS, text=vectors, image=vectors, lexical=words))
    return milvus_index


@pytest.fixture
def calls(milvus_engine: MilvusEngine) -> Iterator[SearchCalls]:
    with milvus_engine._connection.asked("say where it is") as (client, _):
        opened = open_calls(client)
    assert opened is not None
    yield opened
    opened.close()


def requests(index: MilvusIndex, *names: str) -> list[bytes]:
    return [
        search_request(
            query, collection=names[0] if names else index.name, condition="", limit=9, guarantee=1
        )
        for query in QUERIES
    ]


class Sent:
    """Calls as they are made, and whether each was answered; or none that ever is."""

    def __init__(self, calls: SearchCalls | None) -> None:
        self.calls = calls
        self.address = "nowhere" if calls is None else calls.address
        self.answered: list[list[bool]] = []

    def ask(self, asked: Sequence[bytes], *, timeout_seconds: float) -> list[Found | None]:
        found: list[Found | None] = [None] * len(asked)
        if self.calls is not None:
            found = self.calls.ask(asked, timeout_seconds=timeout_seconds)
        self.answered.append([each is not None for each in found])
        return found


def searched(index: MilvusIndex, sent: Sent) -> list[ViewHits]:
    index._calls = sent  # type: ignore[assignment] # as many methods as it has
    hits = index.search_views(QUERIES, limit=9, deadline=Deadline.after(20))
    assert all(isinstance(each, ViewHits) for each in hits)
    return hits  # type: ignore[return-value] # just checked


def test_the_views_of_a_query_are_searched_without_pymilvus_and_found_as_by_it(
    filled: MilvusIndex, calls: SearchCalls
) -> None:
    quick, never = Sent(calls), Sent(None)
    ours, theirs = searched(filled, quick), searched(filled, never)
    assert (quick.answered, never.answered) == ([[True] * 3], [[False] * 3])
    assert [each.view for each in ours] == [View.TEXT, View.LEXICAL, View.IMAGE]
    for found, expected in zip(ours, theirs, strict=True):
        assert found.ids == expected.ids
        np.testing.assert_array_equal(found.similarities, expected.similarities)
    assert ours[0].ids == tuple(IDS[:9])
    assert ours[1].ids == tuple(reversed(IDS[:9]))


def test_what_was_just_written_is_found(filled: MilvusIndex, make_rows: MakeRows) -> None:
    for number in range(5):
        filled.upsert(make_rows([f"new{number}"], text={f"new{number}": TEXT}))
        (hits,) = filled.search_views(QUERIES[:1], limit=1_000, deadline=Deadline.after(20))
        assert isinstance(hits, ViewHits)
        assert f"new{number}" in hits.ids


def test_one_search_that_fails_does_not_spoil_the_others(
    filled: MilvusIndex, calls: SearchCalls
) -> None:
    right, wrong = requests(filled), requests(filled, "omnishelf_no_such_1")
    mixed = [right[0], wrong[1], right[2]]
    for order in ([0, 1, 2], [1, 0, 2], [0, 2, 1]):
        found = calls.ask([mixed[place] for place in order], timeout_seconds=20)
        assert [each is None for each in found] == [place == 1 for place in order]


def test_nothing_is_asked_of_nobody(calls: SearchCalls) -> None:
    assert calls.ask([], timeout_seconds=20) == []


def test_a_closed_connection_answers_nothing(filled: MilvusIndex, calls: SearchCalls) -> None:
    calls.close()
    calls.close()
    assert calls.ask(requests(filled), timeout_seconds=20) == [None] * 3


def test_nobody_at_the_address_is_found_out_at_once(filled: MilvusIndex, free_port: int) -> None:
    calls = SearchCalls(f"127.0.0.1:{free_port}")
    started = time.monotonic()
    assert calls.ask(requests(filled), timeout_seconds=60) == [None] * 3
    assert time.monotonic() - started < 30
    calls.close()


def test_a_moment_is_not_enough_for_an_answer(filled: MilvusIndex, calls: SearchCalls) -> None:
    assert calls.ask(requests(filled), timeout_seconds=0.0) == [None] * 3


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("http://127.0.0.1:19530", "127.0.0.1:19530"),
        ("unix:/tmp/engine.sock", "unix:/tmp/engine.sock"),
        ("https://127.0.0.1:19530", None),
        ("http://user:password@127.0.0.1:19530", None),
        ("http://127.0.0.1:19530/other", None),
    ],
)
def test_only_a_server_that_asks_for_nothing_is_asked_so(uri: str, address: str | None) -> None:
    client = SimpleNamespace(_config=ConnectionConfig.from_uri(uri))
    calls = open_calls(client)
    assert (calls and calls.address) == address
    if calls is not None:
        calls.close()


def test_a_closed_engine_says_so_of_every_view(milvus_index: MilvusIndex) -> None:
    connection, milvus_index._connection = milvus_index._connection, Closed()  # type: ignore[assignment]
    hits = milvus_index.search_views(QUERIES, limit=9, deadline=Deadline.after(20))
    milvus_index._connection = connection
    assert [each.reason for each in hits if isinstance(each, Unavailable)] == ["CLOSED"] * 3


class Closed:
    def asked(self, to: str, *, deadline: Deadline) -> object:
        raise Unavailable(f"the engine is closed, so it cannot {to}", reason="CLOSED")
