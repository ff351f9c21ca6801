"""The caller's deadline and whether the caller still waits, carried through every stage."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from server.errors import DeadlineExceeded


class Cancellation:
    """Whether the caller has left, and whom to tell. May be used from any thread.

    Example:
        >>> told = []
        >>> cancellation = Cancellation()
        >>> forget = cancellation.on_cancel(lambda: told.append("left"))
        >>> cancellation.cancel()
        >>> cancellation.cancelled, told
        (True, ['left'])
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: dict[object, Callable[[], object]] = {}
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """Whether the caller has left."""
        return self._cancelled

    def cancel(self) -> None:
        """Note that the caller has left, and tell everyone who asked; again does nothing."""
        with self._lock:
            self._cancelled = True
            callbacks = list(self._callbacks.values())
            self._callbacks.clear()
        # Outside the lock: a callback may end a call whose own end removes another callback.
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Have ``callback`` called once when the caller leaves, at once if that has happened.

        It runs in the thread that cancels, must be quick and must not raise.

        Returns:
            What forgets the callback, for whoever no longer needs to know.
        """
        key = object()
        with self._lock:
            if not self._cancelled:
                self._callbacks[key] = callback
                return lambda: self._forget(key)
        callback()
        return lambda: None

    def _forget(self, key: object) -> None:
        with self._lock:
            self._callbacks.pop(key, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A moment on the monotonic clock after which no answer is wanted.

    Where the caller can leave before it, ``cancellation`` says so, and the moment has then passed.

    Example:
        >>> Deadline.after(10.0).remaining_seconds() > 9
        True
        >>> Deadline.never().remaining_seconds()
        inf
    """

    at_seconds: float
    cancellation: Cancellation | None = None

    @classmethod
    def after(cls, seconds: float, *, cancellation: Cancellation | None = None) -> Deadline:
        """A deadline so many seconds from now."""
        return cls(at_seconds=time.monotonic() + seconds, cancellation=cancellation)

    @classmethod
    def never(cls) -> Deadline:
        """No deadline: for offline work only."""
        return cls(at_seconds=float("inf"))

    @property
    def cancelled(self) -> bool:
        """Whether the caller has left."""
        return self.cancellation is not None and self.cancellation.cancelled

    def within(self, seconds: float) -> Deadline:
        """The same caller's deadline, or so many seconds from now if that is sooner."""
        at_seconds = min(self.at_seconds, time.monotonic() + seconds)
        return Deadline(at_seconds=at_seconds, cancellation=self.cancellation)

    def remaining_seconds(self) -> float:
        """Seconds left, never below zero; none once the caller has left."""
        return 0.0 if self.cancelled else max(0.0, self.at_seconds - time.monotonic())

    def timeout_seconds(self) -> float | None:
        """What a blocking call takes as its timeout: None without a deadline."""
        remaining = self.remaining_seconds()
        return None if remaining == float("inf") else remaining

    def allows(self, seconds: float) -> bool:
        """Whether work that takes so many seconds can still end in time."""
        return self.remaining_seconds() >= seconds

    def check(self, stage: str) -> None:
        """Raise DeadlineExceeded, naming the stage, once the moment has passed.

        Raises:
            DeadlineExceeded: ``CALLER_LEFT`` where the caller has left, who never reads it; else
                ``DEADLINE_EXCEEDED``.
        """
        if self.cancelled:
            raise DeadlineExceeded(
                f"the caller left before {stage}", reason="CALLER_LEFT", stage=stage
            )
        if time.monotonic() >= self.at_seconds:
            raise DeadlineExceeded(
                f"the deadline passed before {stage}; allow the call more time", stage=stage
            )
