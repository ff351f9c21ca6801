"""A real Milvus server at many sizes: one process, a collection for each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from pymilvus import MilvusClient

from benchmarks.scale.collection import (
    IndexKind,
    collection_name,
    create,
    fill,
    index,
    load,
    merge,
    searching,
)
from benchmarks.scale.milvus_server import ENVIRONMENT, MilvusServer, milvus_server
from benchmarks.scale.opened import OpenIndex
from benchmarks.scale.vectors import ShopVectors

VERSION = "2.3.5"
"""Of the wheel that ``make milvus`` installs."""

_ROWS_A_CALL = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEngine:
    """The server with one kind of index."""

    name: str
    kind: IndexKind
    environment: Path = ENVIRONMENT

    @property
    def about(self) -> str:
        """Version and parameters."""
        return f"Milvus {VERSION} server, {self.kind.about}"

    @contextmanager
    def session(self, folder: Path) -> Iterator[ServerSession]:
        """The server, until the block ends.

        Raises:
            FailedPrecondition, Unavailable: as `milvus_server`.
        """
        with milvus_server(folder, environment=self.environment) as server:
            client = MilvusClient(uri=server.uri)
            try:
                # What was loaded when it ended last would be loaded again, and counted as idle.
                for name in client.list_collections():
                    client.release_collection(name)
                yield ServerSession(server, client=client, kind=self.kind)
            finally:
                client.close()


class ServerSession:
    """A running server."""

    def __init__(self, server: MilvusServer, *, client: MilvusClient, kind: IndexKind) -> None:
        self._server = server
        self._client = client
        self._kind = kind
        self._idle_mb = _resident_mb(server)

    def build(self, shop: ShopVectors) -> None:
        """Indexed once, after merging, and not yet loaded."""
        name = create(self._client, shop)
        fill(self._server.uri.removeprefix("http://"), name, shop, rows_a_call=_ROWS_A_CALL)
        merge(self._client, name)
        index(self._client, name, self._kind)

    def open(self, products: int) -> OpenIndex:
        """Its memory is that of the idle server and what loading it added."""
        before = _resident_mb(self._server)
        name = collection_name(products)
        load(self._client, name)
        added = _resident_mb(self._server) - before
        return OpenIndex(
            search=searching(self._client, name, self._kind),
            memory_mb=self._idle_mb + max(0.0, added),
        )


def _resident_mb(server: MilvusServer) -> float:
    programs = psutil.Process(server.keeper).children(recursive=True)
    return sum(each.memory_info().rss / 1e6 for each in programs)
