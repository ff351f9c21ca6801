"""The log file of a managed Triton: kept short, and quoted where Triton does not come up."""

from __future__ import annotations

import os
from pathlib import Path

MOST_BYTES = 10 * 2**20
_QUOTED_LINES = 4
_QUOTED_CHARACTERS = 240
_QUOTED_BYTES = 16_384
_TABLE = "+|"  # Triton draws tables of its options and models


class TritonLog:
    """A file that runs of Triton append to; `begin` marks where the last run's lines start."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened yet; the folder must be there when it is."""
        self.path = path
        self._begun = 0

    def rotate(self) -> None:
        """Put a file of more than ten megabytes aside as ``.1``, in the place of an earlier one."""
        if self.path.is_file() and self.path.stat().st_size > MOST_BYTES:
            self.path.replace(self.path.with_name(self.path.name + ".1"))

    def begin(self) -> int:
        """Open the file for a new run to append to; the caller closes the descriptor."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        self._begun = os.fstat(descriptor).st_size
        return descriptor

    def last_lines(self) -> str:
        """Give the last lines that the last run wrote, joined by " | "; "nothing" without any."""
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._begun, end - _QUOTED_BYTES))
            text = file.read().decode("utf-8", "replace")
        lines = [line.strip() for line in text.splitlines()]
        telling = [line[:_QUOTED_CHARACTERS] for line in lines if line and line[0] not in _TABLE]
        return " | ".join(telling[-_QUOTED_LINES:]) or "nothing"
