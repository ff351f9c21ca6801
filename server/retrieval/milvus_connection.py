"""A connection to Milvus: the embedded engine's process or a server, and its errors as ours."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
from pymilvus import MilvusClient, MilvusException

from server.deadline import Deadline
from server.errors import DeadlineExceeded, Unavailable
from server.retrieval.embedded_engine import EmbeddedEngine

FOREIGN_ERRORS = (MilvusException, grpc.RpcError, grpc.FutureTimeoutError)
"""What pymilvus raises."""

_SOCKET = "unix:"
# pymilvus pings every ten seconds, and the embedded engine hangs up on who pings and asks nothing.
# A socket file needs none: it ends with its process.
_NO_PINGS = {
    "grpc.keepalive_time_ms": 2**31 - 1,
    "grpc.keepalive_permit_without_calls": False,
}
_START_SECONDS = 10.0
_PAUSE_SECONDS = 0.02

# Every error that comes back is raised, and logged by whoever handles it; pymilvus would log each a
# second time with its traceback, and the text of the filter in it.
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)


class MilvusConnection:
    """One client, usable from any thread, and for a ``.db`` file the engine process behind it."""

    def __init__(self, uri: str, *, timeout_seconds: float) -> None:
        """Connect.

        Args:
            uri: A path ending in ``.db`` for the embedded engine, ``unix:SOCKET`` for one that
                another process started and shares, else ``http://host:port``.
            timeout_seconds: Longest wait for a call without a deadline of its own.

        Raises:
            AlreadyInUse: another process has the file open.
            FailedPrecondition: the file's folder or name will not do.
            Unavailable: nothing answers.
        """
        self.shared = not uri.endswith(".db")
        """Whether other processes may write, too."""
        self.embedded = uri.startswith(_SOCKET) or not self.shared
        self._timeout_seconds = timeout_seconds
        self._client: MilvusClient | None = None
        self._engine = None if self.shared else EmbeddedEngine(Path(uri))
        self._uri = uri if self._engine is None else self._engine.address
        try:
            self._client = self._connect()
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        """Where the engine is, as any other client of it connects."""
        return self._uri

    @contextlib.contextmanager
    def asked(
        self, to: str, *, deadline: Deadline | None = None
    ) -> Iterator[tuple[MilvusClient, float]]:
        """The client and the seconds it has for what is asked inside the block.

        Args:
            to: What is asked, for the error's message: "search".
            deadline: The caller's; the connection's own time if there is none.

        Raises:
            Unavailable: the engine is closed, gone, or refuses.
            DeadlineExceeded: no answer in time.
        """
        client = self._client
        if client is None:
            raise Unavailable(
                f"the index engine is closed, so it cannot {to}", reason="INDEX_UNAVAILABLE"
            )
        own = Deadline.after(self._timeout_seconds)
        nearest = own if deadline is None or own.at_seconds < deadline.at_seconds else deadline
        nearest.check(f"the index engine was asked to {to}")
        try:
            yield client, nearest.remaining_seconds()
        except FOREIGN_ERRORS as error:
            if nearest.remaining_seconds() == 0.0:
                raise DeadlineExceeded(
                    f"the index engine took too long to {to}; allow the call more time"
                ) from error
            raise Unavailable(
                f"the index engine could not {to}; see that it runs and has disk space",
                reason="INDEX_UNAVAILABLE",
            ) from error

    def close(self) -> None:
        """End the client and the engine's process, if it is ours; again does nothing."""
        client, self._client = self._client, None
        if client is not None:
            client.close()
        if self._engine is not None:
            self._engine.close()

    def _connect(self) -> MilvusClient:
        """A client that has had an answer; an engine may listen a moment before it gives one."""
        deadline = Deadline.after(min(_START_SECONDS, self._timeout_seconds))
        while True:
            try:
                client = MilvusClient(
                    uri=self._uri,
                    timeout=deadline.remaining_seconds(),
                    grpc_options=_NO_PINGS if self.embedded else {},
                )
                client.list_collections(timeout=deadline.remaining_seconds())
            except FOREIGN_ERRORS as error:
                if not self.embedded or not deadline.allows(_PAUSE_SECONDS):
                    raise Unavailable(
                        f"no index engine answers at {self._uri}; see that the address is right and"
                        " that it runs",
                        reason="INDEX_UNAVAILABLE",
                    ) from error
                time.sleep(_PAUSE_SECONDS)
            else:
                return client
