"""Writes searches into a recording's file in the order in which they came."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from server.workload.keeper import Noted, RecordingCounts
from server.workload.line import EndLine, end_json
from server.workload.recording_file import RecordingFile

HELD: Final = 40_000
"""Searches that are held back at most; some ten megabytes."""

_SETTLE_SECONDS: Final = 0.5


class OrderedRecording:
    """Keeps searches in a file; it is a `server.workload.keeper.Keeper`.

    A search is held back for a while, so that one which came earlier and took longer, or was
    brought by another process, is written before it. One that took longer still is written as
    though it had come with the last that was written. Processes of one machine share a clock.
    """

    def __init__(
        self, path: Path, *, settle_seconds: float = _SETTLE_SECONDS, held: int = HELD
    ) -> None:
        """Open or make the file.

        Raises:
            InvalidRequest: the file is not a recording, or cannot be written.
            AlreadyInUse: another server records to it.
        """
        self._file = RecordingFile(path)
        self._begun = time.monotonic()
        self._settle_seconds = settle_seconds
        self._most = held
        self._held: list[Noted] = []
        self._recorded = self._lost = self._dropped_before = 0
        self._failing = False

    def take(self, noted: Sequence[Noted], *, dropped: int = 0) -> None:
        """Hold searches back, and write those that were held long enough."""
        self._dropped_before += dropped
        room = self._most - len(self._held)
        self._held += noted[:room]
        self._lost += len(noted[room:])
        self._held.sort(key=_arrival)
        settled = time.monotonic() - self._settle_seconds
        self._write_those([each for each in self._held if each[0] <= settled])

    def counts(self) -> RecordingCounts:
        """What was written, and what could not be."""
        return RecordingCounts(recorded=self._recorded, dropped=self._lost)

    def close(self) -> None:
        """Write what is held, and how much was recorded and dropped; the file is given back."""
        self._write_those(self._held)
        dropped = self._lost + self._dropped_before
        self._write([end_json(EndLine(recorded=self._recorded, dropped=dropped))], searches=0)
        self._file.close()

    def _write_those(self, first: list[Noted]) -> None:
        self._held = self._held[len(first) :]
        lines = [_dated(line, self._file.due(came - self._begun)) for came, line in first]
        self._write(lines, searches=len(lines))

    def _write(self, lines: list[str], *, searches: int) -> None:
        if not lines:
            return
        try:
            self._file.append(lines)
        except OSError as error:
            self._lost += searches
            if not self._failing:
                log = structlog.get_logger("omnishelf.recording")
                log.warning(
                    "searches are not recorded", file=str(self._file.path), why=error.strerror
                )
            self._failing = True
        else:
            self._recorded += searches
            self._failing = False


def _arrival(noted: Noted) -> float:
    return noted[0]


def _dated(line: str, due_seconds: float) -> str:
    """The line with its due time.

    Example:
        >>> _dated('{"kind": "text"}', 0.25)
        '{"kind": "text", "due_seconds": 0.25}'
    """
    return f'{line[:-1]}, "due_seconds": {round(due_seconds, 6)}}}'
