"""What a recorder hands searches to: a file, or whoever holds the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Noted = tuple[float, str]
"""When a search came (`time.monotonic`), and its line of a workload, which has no due time yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingCounts:
    """Searches since a recording was opened: written down, and lost."""

    recorded: int
    dropped: int


class Keeper(Protocol):
    """Keeps searches: `server.workload.ordered_recording.OrderedRecording`, or a way to one."""

    def take(self, noted: Sequence[Noted], *, dropped: int = 0) -> None:
        """Keep searches, in any order, and that as many others were dropped; never raises.

        It is called again and again, with nothing where nothing came, from one thread.
        """

    def counts(self) -> RecordingCounts:
        """What it kept itself and what it lost itself, without what it was told; any thread."""

    def close(self) -> None:
        """Keep what it still holds; nothing is taken after it."""
