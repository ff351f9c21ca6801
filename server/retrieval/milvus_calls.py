"""Milvus asked without its client: several searches on their way at once, from one thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import grpc
import numpy as np
from grpc.experimental import ChannelOptions
from pymilvus import MilvusClient
from pymilvus.grpc_gen import milvus_pb2

from server.arrays import Float32Array

_METHOD: Final = "/milvus.proto.milvus.MilvusService/Search"
_OPTIONS: Final = (
    # The calling thread reads the reply itself: no other must wake for it and wake it in turn.
    (ChannelOptions.SingleThreadedUnaryStream, 1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)
_PINGS: Final = (("grpc.keepalive_time_ms", 10_000), ("grpc.keepalive_timeout_ms", 5_000))
"""Find out that a server is gone. A socket file needs none: it ends with its process, which hangs
up on who pings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one search found: stored ids (n,) in falling similarity, and float32 (n,) beside."""

    ids: list[str]
    similarities: Float32Array


class SearchCalls:
    """Sends searches that are bytes already, and reads nothing of a reply but ids and scores.

    pymilvus makes an object of every hit, which takes as long as the search itself. What does not
    go well here is for pymilvus to ask again, which knows how to wait for a server and what to say
    of it. Any thread may ask.
    """

    def __init__(self, address: str) -> None:
        """``address`` is what gRPC connects to, without a password and in the clear."""
        self.address = address
        pings = () if address.startswith("unix:") else _PINGS
        self._channel = grpc.insecure_channel(address, options=(*_OPTIONS, *pings))
        self._wait = self._channel.unary_unary(_METHOD, None, None)
        # One reply is a stream of one, and a stream leaves the thread free to ask for the next.
        self._send = self._channel.unary_stream(_METHOD, None, None)

    def ask(self, requests: Sequence[bytes], *, timeout_seconds: float) -> list[Found | None]:
        """What each of the searches found; None for one that failed or was not in time."""
        try:
            sent = [self._send(each, timeout=timeout_seconds) for each in requests[:-1]]
            last = [self._wait_for(each, timeout_seconds) for each in requests[-1:]]
        except ValueError:  # the channel was closed meanwhile
            return [None] * len(requests)
        return [_only_of(each) for each in sent] + last

    def close(self) -> None:
        """End the connection; again does nothing."""
        self._channel.close()

    def _wait_for(self, request: bytes, timeout_seconds: float) -> Found | None:
        try:
            reply = self._wait(request, timeout=timeout_seconds)
        except grpc.RpcError:
            return None
        return _found(reply)


def open_calls(client: MilvusClient) -> SearchCalls | None:
    """Calls to the server that a client is connected to; None where that takes more than a name."""
    connected = client._config  # noqa: SLF001 - a client does not say otherwise where it connected
    if connected.token or connected.db_name or connected.get_handler_kwargs().get("secure"):
        return None
    return SearchCalls(connected.address)


def _only_of(replies: grpc.CallIterator[bytes]) -> Found | None:
    try:
        # To its end: what is dropped before it is cancelled, as if nobody wanted the answer.
        (reply,) = replies
    except (grpc.RpcError, ValueError):
        return None
    return _found(reply)


def _found(reply: bytes) -> Found | None:
    answer = milvus_pb2.SearchResults.FromString(reply)
    if answer.status.code or answer.status.error_code:
        return None
    results = answer.results
    scores = results.scores
    return Found(
        ids=results.ids.str_id.data[:],
        similarities=np.fromiter(scores, np.float32, count=len(scores)),
    )
