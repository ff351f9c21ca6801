"""Appends answered searches to a workload file, from a thread of its own."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog
from omnishelf.v1 import search_service_pb2 as pb

from server.workload.line import EndLine, QuestionLine, end_json, question_json
from server.workload.recording_file import RecordingFile
from server.workload.redaction import redacted

WAITING: Final = 4_000
"""Searches that wait at most; without their pictures a few megabytes."""

_FLUSH_SECONDS: Final = 1.0
_SETTLE_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingCounts:
    """Searches since the recorder was opened: written down, and lost."""

    recorded: int
    dropped: int


class Recorder:
    """Records searches beside their answers: a search never waits for it and never fails by it.

    Once a second what has come is written, in the order of arrival: a search is held back for half
    a second, so that one which came earlier and took longer is written before it. One that took
    longer still is written as though it had come with the last that was written.
    """

    def __init__(
        self,
        path: Path,
        *,
        waiting: int = WAITING,
        flush_seconds: float = _FLUSH_SECONDS,
        settle_seconds: float = _SETTLE_SECONDS,
    ) -> None:
        """Open the file and begin.

        Raises:
            InvalidRequest: the file is not a recording, or cannot be written.
            AlreadyInUse: another server records to it.
        """
        self._file = RecordingFile(path)
        self._begun = time.monotonic()
        self._most = waiting
        self._flush_seconds = flush_seconds
        self._settle_seconds = settle_seconds
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, QuestionLine]] = []
        self._held: list[tuple[float, QuestionLine]] = []
        self._recorded = self._dropped = 0
        self._closing = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def note(self, request: pb.SearchProductsRequest, *, arrived: float) -> None:
        """Have a search written that came at ``arrived`` (`time.monotonic`); in any thread.

        It is redacted before this returns; neither it nor its picture is held.
        """
        line = redacted(request)
        with self._changed:
            if taken := not self._closing and len(self._waiting) < self._most:
                self._waiting.append((arrived, line))
                if len(self._waiting) == self._most // 2:
                    self._changed.notify_all()
        if not taken:
            self._drop(1)

    def counts(self) -> RecordingCounts:
        """What became of the searches until now."""
        return RecordingCounts(recorded=self._recorded, dropped=self._dropped)

    def close(self) -> None:
        """Write what waits, and how much was recorded and dropped; again does nothing."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._write([end_json(EndLine(recorded=self._recorded, dropped=self._dropped))], searches=0)
        self._file.close()

    def _run(self) -> None:
        closing = False
        while not closing:
            with self._changed:
                self._changed.wait_for(self._is_due, timeout=self._flush_seconds)
                closing = self._closing
                self._held += self._waiting
                self._waiting = []
            self._held.sort(key=_arrival)
            settled = time.monotonic() - self._settle_seconds
            ready = [each for each in self._held if closing or each[0] <= settled]
            self._held = self._held[len(ready) :]
            lines = [question_json(self._timed(*each)) for each in ready]
            self._write(lines, searches=len(lines))

    def _is_due(self) -> bool:
        return self._closing or len(self._waiting) >= self._most // 2

    def _timed(self, arrived: float, line: QuestionLine) -> QuestionLine:
        return replace(line, due_seconds=self._file.due(arrived - self._begun))

    def _write(self, lines: list[str], *, searches: int) -> None:
        if not lines:
            return
        try:
            self._file.append(lines)
        except OSError as error:
            self._drop(searches)
            if not self._failing:
                log = structlog.get_logger("omnishelf.recording")
                log.warning(
                    "searches are not recorded", file=str(self._file.path), why=error.strerror
                )
            self._failing = True
        else:
            self._recorded += searches
            self._failing = False

    def _drop(self, searches: int) -> None:
        with self._changed:
            self._dropped += searches


def _arrival(each: tuple[float, QuestionLine]) -> float:
    return each[0]
