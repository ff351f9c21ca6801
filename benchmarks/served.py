"""A server in a process of its own, over a data folder or a catalogue that is indexed for it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.processes import resident_by_group
from server.errors import FailedPrecondition, Unavailable

_ANNOUNCED = re.compile(r"on (\S+:\d+);")
_HELD = re.compile(r"([\w-]+) \(([\d,]+) products\)")
_COMMAND = (sys.executable, "-c", "from server.cli import main; main()")
_STOP_SECONDS = 30
_TOLD_CHARACTERS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running `omnishelf serve`.

    Attributes:
        pid: Its process; engine, Triton and workers are children of it.
        address: ``HOST:PORT``.
        products: How many it serves, by catalog.
    """

    pid: int
    address: str
    products: dict[str, int]

    def memory(self) -> dict[str, float]:
        """Resident megabytes (10^6 bytes) of the server, of its engine's process, and of both."""
        resident = resident_by_group(self.pid, group="server")
        engine = sum(each for group, each in resident.items() if group != "server")
        return {
            "server_mb": round(resident["server"], 1),
            "engine_mb": round(engine, 1),
            "total_mb": round(resident["server"] + engine, 1),
        }


@contextmanager
def served(data: Path, *, flags: Sequence[str] = ()) -> Iterator[Served]:
    """Serve a data folder on a free port, with further flags of `omnishelf serve`.

    Raises:
        Unavailable: it did not start; the message ends with its last words.
    """
    command = [*_COMMAND, "serve", "--data", str(data), "--port", "0", "--log-level", "error"]
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(
            [*command, *flags],
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            line = server.stdout.readline() if server.stdout else ""
            match = _ANNOUNCED.search(line)
            if match is None:
                server.wait(_STOP_SECONDS)
                said.seek(0)
                words = said.read().decode("utf-8", errors="replace").strip() or line.strip()
                raise Unavailable(f"the server did not start: {words[-_TOLD_CHARACTERS:]}")
            yield Served(
                pid=server.pid,
                address=match[1],
                products={name: int(count.replace(",", "")) for name, count in _HELD.findall(line)},
            )
        finally:
            stop(server)


@contextmanager
def indexed(catalogue: Path, *, catalog: str) -> Iterator[Path]:
    """A temporary data folder in which a catalogue is indexed as ``catalog``, until the block ends.

    Raises:
        FailedPrecondition: it could not be indexed; the message ends with the reasons.
    """
    with tempfile.TemporaryDirectory(prefix="omnishelf-") as folder:
        data = Path(folder, "data")
        finished = subprocess.run(
            [*_COMMAND, "index", str(catalogue), "--catalog", catalog, "--data", str(data)],
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            words = (finished.stderr.strip() or finished.stdout.strip())[-_TOLD_CHARACTERS:]
            message = f"{catalogue} could not be indexed: {words}"
            raise FailedPrecondition(message, reason="NOT_INDEXED")
        yield data


def stop(server: subprocess.Popen[str]) -> None:
    """Ask a server to end, end it if it does not within half a minute, and wait until it has."""
    server.terminate()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    if server.stdout:
        server.stdout.close()
