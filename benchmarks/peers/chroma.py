"""Chroma's own server over given vectors, in a process of its own from the peers' environment."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.arrays import Float32Array
from server.errors import FailedPrecondition, Unavailable

ENVIRONMENT = Path(".venv-peers")
_DATABASE = "/api/v2/tenants/default_tenant/databases/default_database/collections"
_START_SECONDS = 60.0
_PAUSE_SECONDS = 0.05
_TIMEOUT_SECONDS = 120.0
_ROWS_A_CALL = 500
_INDEX = {"hnsw": {"space": "ip", "ef_construction": 200, "ef_search": 400, "max_neighbors": 32}}
"""Wide enough that the nearest hundred are found about as surely as by comparing with all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChromaCollection:
    """Where a filled collection answers POSTs, and the server's process."""

    url: str
    pid: int


@contextmanager
def chroma(
    ids: Sequence[str],
    vectors: Float32Array,
    *,
    folder: Path,
    environment: Path = ENVIRONMENT,
) -> Iterator[ChromaCollection]:
    """Serve n unit vectors (n, d) until the block ends.

    Raises:
        FailedPrecondition: it is not installed.
        Unavailable: it did not start, or refused; its log is in ``folder``.
    """
    command = environment / "bin" / "chroma"
    if not command.is_file():
        raise FailedPrecondition(f"there is no {command}; make it with `make peers`")
    port = _free_port()
    with (folder / "chroma.log").open("wb") as log:
        process = subprocess.Popen(
            [str(command.absolute()), "run", "--path", str(folder / "chroma"), "--port", str(port)],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(port, process)
            made = _post(port, _DATABASE, {"name": "vectors", "configuration": _INDEX})
            place = f"{_DATABASE}/{made['id']}"
            for start in range(0, len(ids), _ROWS_A_CALL):
                some = slice(start, start + _ROWS_A_CALL)
                rows = {"ids": list(ids[some]), "embeddings": vectors[some].tolist()}
                _post(port, f"{place}/add", rows)
            yield ChromaCollection(url=f"http://127.0.0.1:{port}{place}/query", pid=process.pid)
        finally:
            process.terminate()
            process.wait(30)


def query(vector: Float32Array, *, limit: int) -> bytes:
    """The body that asks for the nearest to a vector (d,), ids and distances alone."""
    asked = {"query_embeddings": [vector.tolist()], "n_results": limit, "include": ["distances"]}
    return json.dumps(asked).encode()


def ids_of(reply: bytes) -> list[str]:
    """The ids of a reply to one vector, nearest first.

    >>> ids_of(b'{"ids": [["b", "a"]], "distances": [[0.1, 0.2]]}')
    ['b', 'a']
    """
    found: list[str] = json.loads(reply)["ids"][0]
    return found


def _post(port: int, path: str, document: dict[str, object]) -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", path, json.dumps(document), {"Content-Type": "application/json"})
        response = connection.getresponse()
        said = response.read()
    finally:
        connection.close()
    if response.status >= http.HTTPStatus.BAD_REQUEST:
        raise Unavailable(f"chroma answered {response.status} to {path.rpartition('/')[2]}")
    answer: dict[str, str] = json.loads(said)
    return answer


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", "/api/v2/heartbeat")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > give_up:
                raise Unavailable("chroma did not start; its log says why") from None
        finally:
            connection.close()
        time.sleep(_PAUSE_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
