"""Indexes in Milvus, embedded (a ``.db`` file) or on a server: the same code.

With the other ``milvus_`` files of this folder the only importer of pymilvus.
"""

from __future__ import annotations

import server.retrieval.lean_pymilvus  # noqa: F401 - before all that import pymilvus
from server.errors import AlreadyInUse, FailedPrecondition, NotFound
from server.retrieval.filters.milvus_expression import TagStorage
from server.retrieval.milvus_calls import open_calls
from server.retrieval.milvus_connection import MilvusConnection
from server.retrieval.milvus_index import MilvusIndex
from server.retrieval.milvus_schema import (
    FLAG_FIELDS,
    SCHEMA_VERSION,
    VECTOR_FIELDS,
    IndexType,
    collection_schema,
    index_params,
)
from server.retrieval.milvus_version import refuse_old
from server.retrieval.protocol import View

PREFIX = "omnishelf_"
"""Begins the name of every index of ours."""


class MilvusEngine:
    """The collections of one Milvus. Close it: the embedded engine is a process of its own."""

    def __init__(
        self, uri: str, *, index_type: IndexType = IndexType.FLAT, timeout_seconds: float = 60.0
    ) -> None:
        """Connect.

        Args:
            uri: A path ending in ``.db`` for the embedded engine, ``unix:SOCKET`` for one that
                another process started and shares, else ``http://host:port``.
            index_type: How dense vectors are searched; the embedded engine takes FLAT.
            timeout_seconds: Longest wait for a call without a deadline of its own.

        Raises:
            AlreadyInUse: another process has the file open.
            FailedPrecondition: the file's folder or name will not do, or the server is too old.
            Unavailable: nothing answers.
        """
        self._connection = MilvusConnection(uri, timeout_seconds=timeout_seconds)
        try:
            with self._connection.asked("say what it is") as (client, seconds):
                if not self._connection.embedded:
                    refuse_old(client.get_server_version(timeout=seconds))
                self._calls = open_calls(client)
        except BaseException:
            self._connection.close()
            raise
        self._index_type = index_type
        self._tags = TagStorage.OBJECT if self._connection.embedded else TagStorage.ARRAY

    @property
    def address(self) -> str:
        """Where the engine is, as any other client of it connects."""
        return self._connection.address

    def create(self, name: str, *, dimension: int) -> MilvusIndex:
        """Make an empty index."""
        if self._exists(name):
            raise AlreadyInUse(f"there is an index {name} already; drop it first", index=name)
        with self._connection.asked(f"create {name}") as (client, seconds):
            client.create_collection(
                name,
                schema=collection_schema(dimension=dimension, tags=self._tags),
                consistency_level="Session",
                timeout=seconds,
            )
            # Without `sync=False` half a second is slept for each index of what is still empty.
            client.create_index(name, index_params(self._index_type), timeout=seconds, sync=False)
            client.load_collection(name, timeout=seconds)
        return self._index(name, dimension=dimension, lacking=frozenset())

    def open(self, name: str) -> MilvusIndex:
        """An index made before, loaded for searching."""
        if not self._exists(name):
            raise NotFound(f"there is no index {name}; create it first", index=name)
        with self._connection.asked(f"describe {name}") as (client, seconds):
            described = client.describe_collection(name, timeout=seconds)
        if described["description"] != SCHEMA_VERSION:
            raise FailedPrecondition(
                f"the index {name} was made by another release; build it again",
                reason="INDEX_LAYOUT",
                index=name,
            )
        with self._connection.asked(f"load {name}") as (client, seconds):
            client.load_collection(name, timeout=seconds)
        dimension = next(
            field["params"]["dim"]
            for field in described["fields"]
            if field["name"] == VECTOR_FIELDS[View.TEXT]
        )
        lacking = frozenset(view for view in View if self._some_lack(name, view))
        return self._index(name, dimension=int(dimension), lacking=lacking)

    def drop(self, name: str) -> None:
        """Remove an index; none of that name is no error."""
        with self._connection.asked(f"drop {name}") as (client, seconds):
            client.drop_collection(name, timeout=seconds)

    def names(self) -> list[str]:
        """Names of all indexes of ours, sorted."""
        with self._connection.asked("list indexes") as (client, seconds):
            found = client.list_collections(timeout=seconds)
        return sorted(name for name in found if name.startswith(PREFIX))

    def close(self) -> None:
        """End the connection and the embedded engine's process; again does nothing."""
        if self._calls is not None:
            self._calls.close()
        self._connection.close()

    def _exists(self, name: str) -> bool:
        with self._connection.asked(f"look for {name}") as (client, seconds):
            return bool(client.has_collection(name, timeout=seconds))

    def _some_lack(self, name: str, view: View) -> bool:
        absent = f"{FLAG_FIELDS[view]} == false"
        with self._connection.asked(f"read {name}") as (client, seconds):
            return bool(
                client.query(name, filter=absent, output_fields=["id"], limit=1, timeout=seconds)
            )

    def _index(self, name: str, *, dimension: int, lacking: frozenset[View]) -> MilvusIndex:
        return MilvusIndex(
            name,
            dimension=dimension,
            connection=self._connection,
            calls=self._calls,
            tags=self._tags,
            lacking=frozenset(View) if self._connection.shared else lacking,
        )
