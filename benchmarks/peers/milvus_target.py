"""Bare pymilvus as a system under load: the client's own threads, asked for one vector a call."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from pymilvus import MilvusClient, MilvusException

from benchmarks.load.target import OK, Done, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class MilvusTarget:
    """A vector field of a collection; requests are the bytes of float32 (d,), replies are ids.

    Attributes:
        name: For tables.
        uri: Where the engine is.
        collection: Its name.
        field: The field that is searched.
        limit: Hits a request.
        threads: Most calls under way.
    """

    name: str
    uri: str
    collection: str
    field: str
    limit: int
    threads: int = 16

    def connect(self) -> MilvusConnection:
        """Open a client."""
        return MilvusConnection(self)

    def listens(self) -> bool:
        """The engine is a child of who measures: while that lives, it listens."""
        return True


class MilvusConnection:
    """A client, and threads that wait for it."""

    def __init__(self, target: MilvusTarget) -> None:
        self._target = target
        self._client = MilvusClient(target.uri)
        self._threads = ThreadPoolExecutor(target.threads)

    def ask(self, request: bytes, done: Done, *, timeout_seconds: float) -> None:
        """Search on a thread and return."""

        def tell(ended: Future[list[str]]) -> None:
            error = ended.exception()
            if error is None:
                done(Outcome(OK, "\n".join(ended.result()).encode()))
            else:
                done(Outcome("UNKNOWN" if isinstance(error, MilvusException) else "INTERNAL"))

        self._threads.submit(self._search, request, timeout_seconds).add_done_callback(tell)

    def close(self) -> None:
        """Let what runs end, and close the client."""
        self._threads.shutdown()
        self._client.close()

    def _search(self, request: bytes, timeout_seconds: float) -> list[str]:
        hits = self._client.search(
            self._target.collection,
            data=[np.frombuffer(request, np.float32)],
            anns_field=self._target.field,
            limit=self._target.limit,
            search_params={"metric_type": "IP"},
            timeout=timeout_seconds,
        )[0]
        return list(hits.ids)


def ids_of(reply: bytes) -> list[str]:
    r"""The ids of a reply, nearest first.

    >>> ids_of(b"b\na")
    ['b', 'a']
    """
    return reply.decode().splitlines()
