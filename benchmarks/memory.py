"""Resident memory of a server and of the processes it starts (Linux)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from omnishelf.v1 import search_service_pb2_grpc

from benchmarks.queries import text_request
from server.rpc.channel import open_channel

_ADDRESS = re.compile(r"on (\S+:\d+);")


def serving_memory(data: Path, *, catalog: str, texts: Sequence[str]) -> dict[str, float]:
    """Megabytes of a fresh server on a data directory after some queries, and of its engine."""
    with _served(data) as (pid, address), open_channel(address) as channel:
        stub = search_service_pb2_grpc.SearchServiceStub(channel)
        for text in texts:
            stub.SearchProducts(text_request(text, catalog=catalog))
        server = resident_megabytes(pid)
        engine = sum(resident_megabytes(child) for child in _children(pid))
    return {
        "server_mb": round(server, 1),
        "engine_mb": round(engine, 1),
        "total_mb": round(server + engine, 1),
    }


def resident_megabytes(pid: int) -> float:
    """VmRSS of a process in 10^6 bytes."""
    status = Path(f"/proc/{pid}/status").read_text("ascii", errors="replace")
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(match[1]) * 1024 / 1e6 if match else 0.0


def _children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text("ascii", errors="replace")
        except OSError:
            continue  # a process that ended meanwhile
        if int(stat.rpartition(")")[2].split()[1]) == pid:
            child = int(folder.name)
            found += [child, *_children(child)]
    return found


@contextmanager
def _served(data: Path) -> Iterator[tuple[int, str]]:
    command = [sys.executable, "-c", "from server.cli import main; main()", "serve"]
    server = subprocess.Popen(
        [*command, "--data", str(data), "--port", "0", "--log-level", "error"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        line = server.stdout.readline() if server.stdout else ""
        match = _ADDRESS.search(line)
        if match is None:
            raise SystemExit(f"the server did not start: {line.strip()}")
        yield server.pid, match[1]
    finally:
        server.terminate()
        server.wait(30)
        if server.stdout:
            server.stdout.close()
