"""One worker as its supervisor sees it: a process, and the connection to it."""

from __future__ import annotations

import contextlib
import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Mapping
from enum import Enum, auto
from multiprocessing.connection import Connection
from typing import Final

from server.worker_place import WorkerPlace
from server.workers.messages import Begin, Failed, Message, ShelfStep

PROGRAM: Final = ["-m", "server.workers.worker"]
"""What a worker runs."""


class Standing(Enum):
    """How far a worker is."""

    OPENING = auto()
    OPENED = auto()
    LISTENING = auto()


class WorkerProcess:
    """A process of its own, started anew and not forked, so that it has no threads of ours.

    It is in a process group of its own: Ctrl-C in a terminal reaches the supervisor alone. It ends
    when the connection does, and so with the supervisor, however that ends.
    """

    def __init__(
        self, settings: Mapping[str, object], *, place: WorkerPlace, steps: tuple[ShelfStep, ...]
    ) -> None:
        """Start it."""
        self.place = place
        self.standing = Standing.OPENING
        self.failed: Failed | None = None
        """What it said of why it does not serve."""
        self._sending = threading.Lock()
        ours, its = multiprocessing.Pipe()
        self.connection: Connection = ours
        with its:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", *PROGRAM, str(its.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                process_group=0,
            )
        self.send(Begin(settings=settings, place=place, steps=steps))

    @property
    def process_id(self) -> int:
        """Its number as the system knows it."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, None while it lives."""
        return self._process.poll()

    def send(self, message: Message) -> None:
        """Say something; what a dead worker cannot hear is lost."""
        # A connection is no queue: two threads would mix what they send.
        with self._sending, contextlib.suppress(OSError):
            self.connection.send(message)

    def wait(self, seconds: float) -> None:
        """Wait for its end, but no longer than that."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def end(self) -> None:
        """End it at once; what it said before can still be heard."""
        self._process.kill()

    def kill(self) -> None:
        """End it at once, and forget it."""
        self._process.kill()
        self._process.wait()
        self.connection.close()
