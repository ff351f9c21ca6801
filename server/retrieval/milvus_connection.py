"""A connection to Milvus: the embedded engine's process or a server, and its errors as ours."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import grpc
from pymilvus import MilvusClient, MilvusException

from server.deadline import Deadline
from server.errors import AlreadyInUse, DeadlineExceeded, FailedPrecondition, Unavailable

FOREIGN_ERRORS = (MilvusException, grpc.RpcError, grpc.FutureTimeoutError)
"""What pymilvus raises."""

_FILE_NAME = re.compile(r"[A-Za-z0-9._-]{1,36}")
_START_SECONDS = 10.0
_PAUSE_SECONDS = 0.1

# Every error that comes back is raised, and logged by whoever handles it; pymilvus would log each a
# second time with its traceback, and the text of the filter in it.
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)


class MilvusConnection:
    """One client, usable from any thread, and for a ``.db`` file the engine process behind it.

    The embedded engine belongs to one process at a time. Its own lock file is removed by whoever
    fails to get it, which lets a third process in; so a lock of ours, never removed, is taken
    first. The system drops it when this process ends, however it ends.
    """

    def __init__(self, uri: str, *, timeout_seconds: float) -> None:
        """Connect.

        Args:
            uri: A path ending in ``.db`` for the embedded engine, else ``http://host:port``.
            timeout_seconds: Longest wait for a call without a deadline of its own.

        Raises:
            AlreadyInUse: another process has the file open.
            FailedPrecondition: the file's folder or name will not do.
            Unavailable: nothing answers.
        """
        self.embedded = uri.endswith(".db")
        self._uri = uri
        self._timeout_seconds = timeout_seconds
        self._lock: int | None = None
        self._client: MilvusClient | None = None
        if self.embedded:
            self._uri = str(_checked_file(uri))
            self._lock = _lock(Path(self._uri))
        try:
            self._client = self._connect()
        except BaseException:
            self.close()
            raise

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
        """End the client, the engine's process and the lock; again does nothing."""
        client, self._client = self._client, None
        if client is not None:
            client.close()
        if self._lock is None:
            return
        _stop_engine(self._uri)
        os.close(self._lock)
        self._lock = None

    def _connect(self) -> MilvusClient:
        """A client that has had an answer.

        A process that was killed leaves its engine running for a moment, with the engine's own lock
        on the file: since we hold ours, waiting a little is enough.
        """
        deadline = Deadline.after(min(_START_SECONDS, self._timeout_seconds))
        while True:
            try:
                with warnings.catch_warnings():
                    # milvus-lite imports pkg_resources, which announces its own end.
                    warnings.simplefilter("ignore")
                    client = MilvusClient(uri=self._uri, timeout=deadline.remaining_seconds())
                client.list_collections(timeout=deadline.remaining_seconds())
            except FOREIGN_ERRORS as error:
                if self.embedded:
                    _stop_engine(self._uri)
                if not self.embedded or not deadline.allows(_PAUSE_SECONDS):
                    raise Unavailable(
                        f"no index engine answers at {self._uri}; see that the address is right and"
                        " that it runs",
                        reason="INDEX_UNAVAILABLE",
                    ) from error
                time.sleep(_PAUSE_SECONDS)
            else:
                return client


def _checked_file(uri: str) -> Path:
    path = Path(uri).absolute()
    if not _FILE_NAME.fullmatch(path.name):
        raise FailedPrecondition(
            f"{path.name} will not do as the name of an index file: take at most 36 letters,"
            " digits, dots, dashes and underscores, ending in .db",
            reason="INDEX_FILE_NAME",
        )
    if not path.parent.is_dir():
        raise FailedPrecondition(
            f"there is no folder {path.parent} for the index file; make it first",
            reason="INDEX_FOLDER_MISSING",
        )
    return path


def _lock(path: Path) -> int:
    """A descriptor that holds the lock beside the file until closed."""
    descriptor = os.open(path.with_name(f".{path.name}.owner"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise AlreadyInUse(
            f"another process has the index file {path} open; ask the server that runs on it"
            " (--server) or stop it first",
            reason="INDEX_FILE_IN_USE",
            path=str(path),
        ) from error
    return descriptor


def _stop_engine(path: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from milvus_lite.server_manager import (  # noqa: PLC0415 - only where a file is served
            server_manager_instance,
        )
    server_manager_instance.release_server(path)
