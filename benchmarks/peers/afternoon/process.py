"""Runs the afternoon service over a data directory: Milvus once, and a worker for each core."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from server.errors import Unavailable
from server.retrieval.embedded_engine import EmbeddedEngine

CONFIGURATION = "OMNISHELF_AFTERNOON"
"""Environment variable with `Configuration` as JSON: uvicorn passes nothing else to its workers."""

_APPLICATION = "benchmarks.peers.afternoon.service:application"
_START_SECONDS = 120.0
_PAUSE_SECONDS = 0.1
_END_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Where everything is: a store, a Milvus that runs, a bundle, a ranker's directory.

    In the folder ``ready`` each worker leaves a file when it can answer.
    """

    store_url: str
    catalog: str
    milvus: str
    bundle: str
    ranker: str
    ready: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningAfternoon:
    """Where it answers POSTs, and uvicorn's process, whose children the workers are."""

    url: str
    pid: int


@contextmanager
def afternoon(
    data: Path, catalog: str, *, bundle: Path, ranker: Path, workers: int
) -> Iterator[RunningAfternoon]:
    """Serve a catalog of a data directory that nobody else has open, until the block ends.

    Raises:
        AlreadyInUse: somebody has the directory open.
        Unavailable: it did not start; what it wrote says why.
    """
    port = _free_port()
    with (
        closing(EmbeddedEngine(data / "vectors.db")) as engine,
        tempfile.TemporaryDirectory() as ready,
    ):
        configuration = Configuration(
            store_url=f"sqlite:///{(data / 'products.db').absolute()}",
            catalog=catalog,
            milvus=engine.address,
            bundle=str(bundle.absolute()),
            ranker=str(ranker.absolute()),
            ready=ready,
        )
        command = [
            sys.executable, "-m", "uvicorn", _APPLICATION, "--factory",
            "--port", str(port), "--workers", str(workers), "--loop", "uvloop",
            "--http", "httptools", "--log-level", "error", "--no-access-log",
        ]  # fmt: skip
        told = {CONFIGURATION: json.dumps(asdict(configuration)), "GRPC_VERBOSITY": "NONE"}
        process = subprocess.Popen(command, env=os.environ | told)
        try:
            _wait(Path(ready), process, workers=workers)
            yield RunningAfternoon(url=f"http://127.0.0.1:{port}/search", pid=process.pid)
        finally:
            process.terminate()
            process.wait(_END_SECONDS)


def _wait(ready: Path, process: subprocess.Popen[bytes], *, workers: int) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while len(list(ready.iterdir())) < workers:
        if process.poll() is not None or time.monotonic() > give_up:
            raise Unavailable("the afternoon service did not start; what it wrote says why")
        time.sleep(_PAUSE_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
