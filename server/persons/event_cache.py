"""Keeps what was read of shoppers for a second, so that one visit is not read at every search."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

Kept = TypeVar("Kept")


class Whose(NamedTuple):
    """One history: of a user, a session, or both, in one catalog; what is unknown is empty."""

    catalog: str
    user: str
    session: str


class EventCache(Generic[Kept]):
    """What was read of histories, each for ``seconds`` after it was read. Any thread.

    The oldest go first, when they are over their time or ``entries`` are kept.
    """

    def __init__(self, *, entries: int, seconds: float, clock: Callable[[], float]) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Whose, tuple[float, Kept]] = {}
        self._entries = entries
        self._seconds = seconds
        self._clock = clock
        self._reading: dict[Whose, object] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, whose: Whose, read: Callable[[], Kept]) -> Kept:
        """What is kept, or what ``read`` gives; its errors pass through and nothing is kept."""
        with self._lock:
            kept = self._kept.get(whose)
            if kept is not None and kept[0] > self._clock():
                return kept[1]
            ours = self._reading[whose] = object()
        try:
            found = read()
            with self._lock:
                # Gone where somebody was heard of or forgotten meanwhile: we may have read before.
                if self._reading.get(whose) is ours:
                    self._keep(whose, found)
        finally:
            with self._lock:
                if self._reading.get(whose) is ours:
                    del self._reading[whose]
        return found

    def heard(self, whose: Whose) -> None:
        """Something was added to this history: read it anew."""
        with self._lock:
            self._kept.pop(whose, None)
            self._reading.pop(whose, None)

    def drop(self) -> None:
        """Keep nothing of anybody, nor what is being read."""
        with self._lock:
            self._kept.clear()
            self._reading.clear()

    def _keep(self, whose: Whose, found: Kept) -> None:
        now = self._clock()
        self._kept.pop(whose, None)
        for oldest in self._stale(now):
            del self._kept[oldest]
        self._kept[whose] = (now + self._seconds, found)

    def _stale(self, now: float) -> list[Whose]:
        """Entries that must go before one more is kept; the first were read first."""
        stale: list[Whose] = []
        for whose, (until, _) in self._kept.items():
            if until > now and len(self._kept) - len(stale) < self._entries:
                break
            stale.append(whose)
        return stale
