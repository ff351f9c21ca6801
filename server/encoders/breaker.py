"""Decides whether a part that failed is asked again: one try for each interval, which grows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 2.0


class Admission(Enum):
    """How a request may use the part."""

    USUAL = "usual"
    """The part is well."""
    PROBE = "probe"
    """It failed, and this one request tries whether it is back."""
    REFUSED = "refused"
    """It failed, and somebody else tries, or will."""


class Breaker:
    """Closed while the part is well, open after a failure. Any thread.

    Open, it admits one request every ``FIRST_WAIT_SECONDS``, twice as seldom after each try that
    fails, but every ``LONGEST_WAIT_SECONDS``. Every admission ends with `succeeded`, `failed` or
    `undecided`.
    """

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._reason: str | None = None
        self._wait_seconds = FIRST_WAIT_SECONDS
        self._next_seconds = 0.0
        self._probing = False

    @property
    def reason(self) -> str | None:
        """Stable reason of the last failure while open; None while closed."""
        return self._reason

    def admit(self) -> Admission:
        """Ask for the part on behalf of one request."""
        if self._reason is None:
            return Admission.USUAL
        with self._lock:
            if self._reason is None:
                return Admission.USUAL
            if self._probing or self._now() < self._next_seconds:
                return Admission.REFUSED
            self._probing = True
            return Admission.PROBE

    def succeeded(self, admission: Admission) -> None:
        """The part answered: it is well. An answer to what was asked before it failed is none."""
        if self._reason is None:
            return
        with self._lock:
            if admission is Admission.PROBE:
                self._reason = None
                self._probing = False
                self._wait_seconds = FIRST_WAIT_SECONDS

    def failed(self, admission: Admission, *, reason: str) -> None:
        """The part did not answer."""
        with self._lock:
            if admission is Admission.PROBE:
                self._probing = False
                self._wait_seconds = min(2 * self._wait_seconds, LONGEST_WAIT_SECONDS)
            elif self._reason is not None:
                # Requests that were under way when it failed say nothing new.
                return
            self._reason = reason
            self._next_seconds = self._now() + self._wait_seconds

    def undecided(self, admission: Admission) -> None:
        """The request ended for reasons of its own; the next one may try at once."""
        if admission is Admission.PROBE:
            with self._lock:
                self._probing = False
