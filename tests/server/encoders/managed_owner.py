"""Owns a stand-in for Triton until it is killed: run with ``-m``, a folder and a file to write.

Prints the process ids of the stand-in and of its keeper.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from server.deadline import Deadline
from server.encoders.managed_triton import ManagedOptions, ManagedTriton
from tests.server.encoders.managed_parts import Greeted, Heard, stand_in


def main(folder: Path, child_in: str) -> None:
    """Start it, say so, and wait for ever."""
    options = ManagedOptions(grace_seconds=0.5)
    command = stand_in(deaf=True, child_in=child_in)
    with ManagedTriton(command, folder=folder, observer=Heard(), options=options) as triton:
        greeted = Greeted(triton)
        triton.serve("bundle", greeted, deadline=Deadline.after(60.0))
        print(greeted.pids[-1], triton.keeper_pid, flush=True)  # noqa: T201 - the test reads it
        threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
