"""A worker's searches on their way to the recording, which its supervisor writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from server.workers.messages import Message, SearchesAsked
from server.workload.keeper import Noted, RecordingCounts

_AT_ONE_TIME: Final = 100


class RecordingRelay:
    """Says searches to the supervisor; it is a `server.workload.keeper.Keeper`."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        """``send`` says something to the supervisor, and waits while it does not listen."""
        self._send = send

    def take(self, noted: Sequence[Noted], *, dropped: int = 0) -> None:
        """Say them, some at a time: who has other things to say comes in between."""
        for start in range(0, len(noted), _AT_ONE_TIME):
            self._send(SearchesAsked(noted=tuple(noted[start : start + _AT_ONE_TIME])))
        if dropped:
            self._send(SearchesAsked(dropped=dropped))

    def counts(self) -> RecordingCounts:
        """Nothing: the supervisor counts what it writes and what it cannot."""
        return RecordingCounts(recorded=0, dropped=0)

    def close(self) -> None:
        """Nothing: all was said."""
