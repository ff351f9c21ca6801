"""Takes answered searches and has them kept, from a thread of its own."""

from __future__ import annotations

import threading
from typing import Final

from omnishelf.v1 import search_service_pb2 as pb

from server.workload.keeper import Keeper, RecordingCounts
from server.workload.line import QuestionLine, question_json
from server.workload.redaction import redacted

WAITING: Final = 4_000
"""Searches that wait at most; without their pictures a few megabytes."""

_FLUSH_SECONDS: Final = 0.25


class Recorder:
    """Records searches beside their answers: a search never waits for it and never fails by it.

    Four times a second it hands on what has come.
    """

    def __init__(
        self, keeper: Keeper, *, waiting: int = WAITING, flush_seconds: float = _FLUSH_SECONDS
    ) -> None:
        """Begin; ``keeper`` is closed with it."""
        self._keeper = keeper
        self._most = waiting
        self._flush_seconds = flush_seconds
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, QuestionLine]] = []
        self._dropped = self._untold = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def note(self, request: pb.SearchProductsRequest, *, arrived: float) -> None:
        """Have a search written that came at ``arrived`` (`time.monotonic`); in any thread.

        It is redacted before this returns; neither it nor its picture is held.
        """
        line = redacted(request)
        with self._changed:
            if self._closing or len(self._waiting) >= self._most:
                self._dropped += 1
                self._untold += 1
                return
            self._waiting.append((arrived, line))
            if len(self._waiting) == self._most // 2:
                self._changed.notify_all()

    def counts(self) -> RecordingCounts:
        """What became of the searches until now."""
        kept = self._keeper.counts()
        return RecordingCounts(recorded=kept.recorded, dropped=kept.dropped + self._dropped)

    def close(self) -> None:
        """Hand on what waits, and have it kept; again does nothing."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._keeper.close()

    def _run(self) -> None:
        closing = False
        while not closing:
            with self._changed:
                self._changed.wait_for(self._is_due, timeout=self._flush_seconds)
                closing = self._closing
                waiting, self._waiting = self._waiting, []
                dropped, self._untold = self._untold, 0
            noted = [(arrived, question_json(line)) for arrived, line in waiting]
            self._keeper.take(noted, dropped=dropped)

    def _is_due(self) -> bool:
        return self._closing or len(self._waiting) >= self._most // 2
