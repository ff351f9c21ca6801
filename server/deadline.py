"""The caller's deadline, carried through every stage as one value."""

from __future__ import annotations

import time
from dataclasses import dataclass

from server.errors import DeadlineExceeded


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A moment on the monotonic clock after which no answer is wanted.

    Example:
        >>> Deadline.after(10.0).remaining_seconds() > 9
        True
        >>> Deadline.never().remaining_seconds()
        inf
    """

    at_seconds: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """A deadline so many seconds from now."""
        return cls(at_seconds=time.monotonic() + seconds)

    @classmethod
    def never(cls) -> Deadline:
        """No deadline: for offline work only."""
        return cls(at_seconds=float("inf"))

    def remaining_seconds(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.at_seconds - time.monotonic())

    def timeout_seconds(self) -> float | None:
        """What a blocking call takes as its timeout: None without a deadline."""
        remaining = self.remaining_seconds()
        return None if remaining == float("inf") else remaining

    def allows(self, seconds: float) -> bool:
        """Whether work that takes so many seconds can still end in time."""
        return self.remaining_seconds() >= seconds

    def check(self, stage: str) -> None:
        """Raise DeadlineExceeded, naming the stage, once the moment has passed."""
        if time.monotonic() >= self.at_seconds:
            raise DeadlineExceeded(
                f"the deadline passed before {stage}; allow the call more time", stage=stage
            )
