"""What tests of a managed Triton share: a stand-in for its process, an answer, an observer."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from exporter.triton.server_environment import Command
from server.deadline import Deadline
from server.encoders.managed_triton import ManagedTriton, TritonCommand
from server.errors import Unavailable

STAND_IN = Path(__file__).with_name("managed_stand_in.py")


@dataclass(slots=True)
class Heard:
    """An observer that remembers."""

    told: list[str] = field(default_factory=list)

    def triton_up(self, *, up: bool) -> None:
        self.told.append("up" if up else "down")

    def triton_restarted(self) -> None:
        self.told.append("restarted")


@dataclass(slots=True)
class Greeted:
    """An answer: the stand-in's greeting, which is its process id."""

    triton: ManagedTriton
    pids: list[int] = field(default_factory=list)

    def __call__(self, deadline: Deadline) -> None:
        host, _, port = self.triton.address.rpartition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=30.0) as connection:
                greeting = connection.recv(100)
        except OSError as error:
            raise Unavailable("nobody there", reason="TRITON_UNREACHABLE") from error
        if not greeting:
            raise Unavailable("no greeting", reason="TRITON_NOT_READY")
        self.pids.append(int(greeting))


def stand_in(**how: object) -> TritonCommand:
    """Start the stand-in, which behaves as ``how`` says."""

    def command(*, grpc_port: int, region_prefix: str) -> Command:
        behaviour = json.dumps(how | {"port": grpc_port})
        return Command(argv=(sys.executable, "-S", str(STAND_IN), behaviour), env={})

    return command


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    # A process is listed with the thread that started it.
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    children = [child for each in threads for child in each.read_text("ascii").split()]
    return [pid, *(each for child in children for each in family(int(child)))]


def lives(pid: int) -> bool:
    """Whether a process runs; one that only waits to be asked for its exit code does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def until(true: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Return once ``true()`` is; fail when it is not in time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.01)
