"""One run of Triton as a process that cannot outlive its owner, nor leave anything behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

from exporter.triton.server_environment import Command
from server.encoders.managed_log import TritonLog
from server.errors import Unavailable

_KEEPER = Path(__file__).with_name("managed_keeper.py")
_SIGNALLED = 128
_MARGIN_SECONDS = 5.0


class TritonProcess:
    """A started Triton, kept by `server.encoders.managed_keeper`. Usable from any thread."""

    def __init__(self, command: Command, *, log: TritonLog, grace_seconds: float) -> None:
        """Start it; its output goes to ``log``.

        ``grace_seconds`` is the time between asking it to end and killing it.

        Raises:
            Unavailable: ``TRITON_NOT_STARTED``: the log cannot be written, or no process started.
        """
        self._grace_seconds = grace_seconds
        try:
            self._keeper, self._order = _keeper(log)
        except OSError as error:
            raise Unavailable(
                f"Triton cannot be started with its log at {log.path} ({error.strerror}); make room"
                " for it, or serve with --encoder embedded",
                reason="TRITON_NOT_STARTED",
            ) from error
        self._exited = threading.Event()
        self._give_order(command.argv, command.env)
        # One thread waits, because two that wait for one child keep each other from its exit code.
        threading.Thread(target=self._await_exit, name="triton-exit", daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id of the keeper, whose only child is Triton."""
        return self._keeper.pid

    @property
    def exited(self) -> bool:
        """Whether it has ended, with everything it had started."""
        return self._exited.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, at most so long; whether it has ended."""
        return self._exited.wait(seconds)

    def ending(self) -> str:
        """How it ended, for a message: "exit code 1", "signal SIGKILL"."""
        code = self._keeper.returncode
        number = -code if code is not None and code < 0 else (code or 0) - _SIGNALLED
        if number > 0:
            return f"signal {signal.Signals(number).name}"
        return f"exit code {code}"

    def stop(self) -> None:
        """Ask it to end, kill it after the grace, and return once nothing of it is left."""
        self._order.close()
        if not self._exited.wait(self._grace_seconds + _MARGIN_SECONDS):
            self._keeper.kill()  # with which the system kills Triton
            self._exited.wait()

    def kill(self) -> None:
        """End it without asking it, and return once nothing of it is left."""
        self._keeper.terminate()
        if not self._exited.wait(_MARGIN_SECONDS):
            self._keeper.kill()
            self._exited.wait()

    def _give_order(self, argv: tuple[str, ...], env: Mapping[str, str]) -> None:
        """Send what to start: not as arguments, which every user of the machine could read."""
        order = {"argv": argv, "env": dict(env), "grace_seconds": self._grace_seconds}
        try:
            self._order.write(json.dumps(order).encode() + b"\n")
        except BrokenPipeError:
            return  # it ended already, as its exit code will say

    def _await_exit(self) -> None:
        self._keeper.wait()
        self._order.close()
        self._exited.set()


def _keeper(log: TritonLog) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    """Start the process that waits for its order on what is given beside it."""
    output = log.begin()
    try:
        # Isolated: Python's own variables and packages do not reach it, nor does Ctrl-C in the
        # terminal, which is for the server alone.
        keeper = subprocess.Popen(  # noqa: S603 - our own interpreter on our own file
            [sys.executable, "-I", "-S", str(_KEEPER)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=log.path.parent,
            start_new_session=True,
            bufsize=0,
        )
    finally:
        os.close(output)
    return keeper, cast("IO[bytes]", keeper.stdin)
