"""The clock of one request: which stages ran, in which order, for how long, and what fell back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackUsed:
    """One step down the ladder, with stable names."""

    stage: str
    used: str
    reason: str


class StageObserver(Protocol):
    """Hears of every stage and fallback once; must not raise and must not wait."""

    def stage(self, name: str, seconds: float) -> None:
        """A stage ended after so many seconds."""

    def fallback(self, used: FallbackUsed) -> None:
        """A stage was replaced by its fallback."""


class StageClock:
    """Measures the stages of one request; used by one thread."""

    def __init__(self, observer: StageObserver) -> None:
        self._observer = observer
        self.seconds: dict[str, float] = {}
        self.fallbacks: list[FallbackUsed] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the block as one stage, also when it raises."""
        start = time.perf_counter()
        try:
            yield
        finally:
            elapsed = time.perf_counter() - start
            self.seconds[name] = elapsed
            self._observer.stage(name, elapsed)

    def fall_back(self, stage: str, *, used: str, reason: str) -> None:
        """Note that ``stage`` was replaced by ``used`` because of ``reason``."""
        fallback = FallbackUsed(stage=stage, used=used, reason=reason)
        self.fallbacks.append(fallback)
        self._observer.fallback(fallback)
