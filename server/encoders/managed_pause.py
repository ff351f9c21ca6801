"""How long to wait before Triton is started again."""

from __future__ import annotations

FIRST_SECONDS = 0.25
LONGEST_SECONDS = 30.0
CALM_SECONDS = 60.0
"""After so long a good service, the next failure counts as the first."""


def pause_seconds(failures: int, *, draw: float) -> float:
    """Seconds to wait after so many failures in a row: doubled each time, then spread.

    ``draw`` in [0, 1] takes up to half of it away, so that many servers do not restart in step.

    Example:
        >>> [pause_seconds(failures, draw=0.0) for failures in (1, 2, 3, 40)]
        [0.25, 0.5, 1.0, 30.0]
        >>> pause_seconds(3, draw=1.0)
        0.5
    """
    doublings = min(failures - 1, 16)
    whole = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0**doublings)
    return whole * (1.0 - 0.5 * draw)
