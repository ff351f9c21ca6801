"""Runs one program for as long as somebody holds the other end of its standard input.

Started as a process of its own, by its path, with nothing but the standard library. The first line
of standard input is JSON: ``argv``, ``env`` and ``grace_seconds``. What the program writes goes to
this process's own output. When the input ends, be it because its owner asked or because it was
killed, the program is asked to end (SIGTERM), given the grace, then killed with everything it
started. On SIGTERM it is killed at once. Where this process itself is killed, the system kills the
program (Linux alone).

Ends with the program's exit code, or 128 + the number of the signal that ended it.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_STANDARD_INPUT = 0
_LINE_BYTES = 65_536


def main() -> int:
    """Run the program that standard input names; its exit code."""
    order = json.loads(_first_line())
    awake, wake = os.pipe()
    for end in (awake, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: None)
    # What the program leaves behind becomes a child of this process, which can end it.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    keeper = os.getpid()
    try:
        program = subprocess.Popen(  # noqa: S603 - what this process is for
            order["argv"],
            env=order["env"],
            stdin=subprocess.DEVNULL,
            process_group=0,
            # This process has one thread, so running code between fork and exec is safe.
            preexec_fn=lambda: _die_with(keeper),  # noqa: PLW1509
        )
    except OSError as error:
        sys.stderr.write(f"{order['argv'][0]} cannot be started: {error.strerror}\n")
        return 127
    if _wait(program, awake, inputs=[_STANDARD_INPUT, awake], until=None):
        program.terminate()
        _wait(program, awake, inputs=[awake], until=time.monotonic() + order["grace_seconds"])
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    code = program.wait()
    _end_orphans()
    return code if code >= 0 else 128 - code


def _first_line() -> bytes:
    """Read no further than the line: the rest of the input says by its end when to stop."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(_STANDARD_INPUT, _LINE_BYTES)
        if not piece:
            sys.exit(0)
        line += piece
    return line


def _wait(
    program: subprocess.Popen[bytes], awake: int, *, inputs: list[int], until: float | None
) -> bool:
    """Return True once the input has ended; False once the program has, or is to be killed."""
    while program.poll() is None:
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            return False
        ready, _, _ = select.select(inputs, [], [], left)
        if awake in ready and signal.SIGTERM in os.read(awake, _LINE_BYTES):
            return False
        if _STANDARD_INPUT in ready:
            return True
    return False


def _end_orphans() -> None:
    """Kill what the program left in groups of its own, and wait until the last one is gone."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    with suppress(ChildProcessError):  # there are no more
        while True:
            with suppress(OSError):
                for orphan in children.read_text("ascii").split():
                    os.kill(int(orphan), signal.SIGKILL)
            os.waitpid(-1, 0)


def _die_with(keeper: int) -> None:
    """Have the system kill this process when ``keeper`` is gone, also if it is gone already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != keeper:
        os.kill(os.getpid(), signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    """Linux alone; elsewhere the end of the input has to be enough."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
