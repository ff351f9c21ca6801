"""A server in a process of its own, and the memory that it and its engine take (Linux)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ADDRESS = re.compile(r"on (\S+:\d+);")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running `omnishelf serve`."""

    pid: int
    address: str

    def memory(self) -> dict[str, float]:
        """Resident megabytes (10^6 bytes) of the server, of its engine's process, and of both."""
        server = resident_megabytes(self.pid)
        engine = sum(resident_megabytes(child) for child in _children(self.pid))
        return {
            "server_mb": round(server, 1),
            "engine_mb": round(engine, 1),
            "total_mb": round(server + engine, 1),
        }


@contextmanager
def served(data: Path) -> Iterator[Served]:
    """Serve a data directory with everything else at its default until the block ends."""
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
        yield Served(pid=server.pid, address=match[1])
    finally:
        server.terminate()
        server.wait(30)
        if server.stdout:
            server.stdout.close()


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
