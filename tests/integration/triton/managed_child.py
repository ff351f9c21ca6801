"""Serves the starter on a managed Triton until it is killed: run with ``-m``.

Arguments: the environment, the repository, the folder. Prints the keeper's process id once Triton
answers, and after every restart.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import structlog

from exporter.spec import STARTER_DIRECTORY
from server.deadline import Deadline
from server.encoders.managed_answer import right_answer
from server.encoders.managed_command import environment_command
from server.encoders.managed_triton import ManagedTriton
from server.encoders.triton import TritonEncoder, TritonOptions
from tests.server.encoders.managed_parts import Heard


def main(environment: Path, repository: Path, folder: Path) -> None:
    """Start it, say so, and wait for ever."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    command = environment_command(environment, repository=repository, surroundings=os.environ)
    with ManagedTriton(command, folder=folder, observer=Heard()) as triton:
        encoder = TritonEncoder(STARTER_DIRECTORY, options=TritonOptions(address=triton.address))
        right = right_answer(encoder)
        said = set()

        def answer(deadline: Deadline) -> None:
            right(deadline)
            if triton.keeper_pid not in said:
                said.add(triton.keeper_pid)
                print(triton.keeper_pid, flush=True)  # noqa: T201 - the test reads it

        triton.serve("starter", answer, deadline=Deadline.after(120.0))
        threading.Event().wait()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
