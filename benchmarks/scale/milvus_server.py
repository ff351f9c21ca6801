"""A real Milvus server as a process, from the environment that ``make milvus`` builds."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
from pymilvus import MilvusClient, MilvusException

from exporter.triton.server_environment import Command
from server.encoders.managed_log import TritonLog
from server.encoders.managed_ports import is_free
from server.encoders.managed_process import TritonProcess
from server.errors import AlreadyInUse, FailedPrecondition, Unavailable

ENVIRONMENT: Final = Path(__file__).parents[2] / ".venv-milvus"
"""Where ``make milvus`` puts it."""

_SETTINGS: Final = {
    # One segment takes a million vectors, for each segment is searched apart, and this release
    # seals one by its size and by its files, and then does not merge what it sealed.
    "dataCoord.segment.maxSize": "4096",
    "dataCoord.segment.sealProportion": "1.0",
    "dataCoord.segment.maxBinlogFileNumber": "1024",
}
_START_SECONDS: Final = 120.0
_ETCD_PEER_PORT: Final = 2380
_GRACE_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.2
_NOT_YET: Final = (MilvusException, grpc.RpcError, grpc.FutureTimeoutError)


@dataclass(frozen=True, slots=True, kw_only=True)
class MilvusServer:
    """A server that answers: where, and the process above it whose only child it is."""

    uri: str
    keeper: int


@contextmanager
def milvus_server(
    folder: Path, *, environment: Path = ENVIRONMENT, start_seconds: float = _START_SECONDS
) -> Iterator[MilvusServer]:
    """Run a server on a data folder until the block ends; what it stored stays.

    It ends with this process, however that ends.

    Raises:
        FailedPrecondition: the environment is not built.
        AlreadyInUse: another Milvus of the kind runs on this machine.
        Unavailable: the server does not come up.
    """
    python = environment / "bin" / "python"
    if not (environment / "server" / "milvus").is_file():
        message = f"there is no Milvus server in {environment}; build it with: make milvus"
        raise FailedPrecondition(message, reason="MILVUS_ENVIRONMENT")
    if not is_free(_ETCD_PEER_PORT):
        message = (
            f"the Milvus server keeps its catalog behind port {_ETCD_PEER_PORT}, which cannot be "
            "changed and is taken; end the other Milvus or etcd first"
        )
        raise AlreadyInUse(message, reason="MILVUS_PORT")
    folder.mkdir(parents=True, exist_ok=True)
    command, port = _settings(python, folder, settings=_SETTINGS)
    log = TritonLog(folder.absolute() / "milvus.log")
    # The keeper of a managed Triton keeps any program.
    process = TritonProcess(command, log=log, grace_seconds=_GRACE_SECONDS)
    try:
        uri = f"http://127.0.0.1:{port}"
        _await(uri, process, log=log, seconds=start_seconds)
        yield MilvusServer(uri=uri, keeper=process.pid)
    finally:
        process.stop()


def _settings(python: Path, folder: Path, *, settings: Mapping[str, str]) -> tuple[Command, int]:
    pairs = [f"{key}={value}" for key, value in settings.items()]
    module = "benchmarks.scale.milvus_environment"
    written = subprocess.run(
        [python, "-m", module, "write", folder, *pairs],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    if written.returncode:
        message = f"the settings of a Milvus on {folder} could not be written: {written.stderr}"
        raise Unavailable(message, reason="MILVUS_SETTINGS")
    order = json.loads(written.stdout)
    return Command(argv=tuple(order["argv"]), env=order["env"]), order["port"]


def _await(uri: str, process: TritonProcess, *, log: TritonLog, seconds: float) -> None:
    until = time.monotonic() + seconds
    while True:
        if process.exited or time.monotonic() > until:
            state = f"ended with {process.ending()}" if process.exited else "does not answer"
            raise Unavailable(
                f"Milvus {state}; it wrote to {log.path}: {log.last_lines()}",
                reason="MILVUS_NOT_STARTED",
            )
        try:
            client = MilvusClient(uri=uri, timeout=2.0)
        except _NOT_YET:
            process.wait(_LOOK_SECONDS)
            continue
        try:
            client.list_collections(timeout=10.0)
        except _NOT_YET:
            process.wait(_LOOK_SECONDS)
        else:
            return
        finally:
            client.close()
