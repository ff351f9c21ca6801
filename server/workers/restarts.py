"""When a worker that died is started again, and when the group gives up."""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW_SECONDS: Final = 60.0
MOST_DEATHS: Final = 5
FIRST_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 8.0


class Restarts:
    """Counts deaths of a group's workers. Times are of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._deaths: deque[float] = deque()

    def died(self, at_seconds: float) -> float | None:
        """How long to wait before the worker is started again; None to give up.

        The first death in a minute costs a quarter of a second, each further one twice the pause
        before it; the sixth in a minute ends the group.

        Example:
            >>> restarts = Restarts()
            >>> [restarts.died(each) for each in (0.0, 1.0, 2.0, 70.0)]
            [0.25, 0.5, 1.0, 0.25]
        """
        while self._deaths and at_seconds - self._deaths[0] >= WINDOW_SECONDS:
            self._deaths.popleft()
        self._deaths.append(at_seconds)
        count = len(self._deaths)
        if count > MOST_DEATHS:
            return None
        return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (count - 1)))
