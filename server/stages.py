"""The clock of one request: which stages ran, in which order, for how long, and what fell back."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
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

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Measure the block as one stage, also when it raises."""
        return _Stage(self, name)

    def took(self, name: str, seconds: float) -> None:
        """Note that a stage ended after so many seconds."""
        self.seconds[name] = seconds
        self._observer.stage(name, seconds)

    def fall_back(self, stage: str, *, used: str, reason: str) -> None:
        """Note that ``stage`` was replaced by ``used`` because of ``reason``."""
        fallback = FallbackUsed(stage=stage, used=used, reason=reason)
        self.fallbacks.append(fallback)
        self._observer.fallback(fallback)


class _Stage(AbstractContextManager[None]):
    """One stage under way; a class, for a generator would cost each of them several times as much.

    A stage is entered ten times a request.
    """

    __slots__ = ("_clock", "_name", "_start")

    def __init__(self, clock: StageClock, name: str) -> None:
        self._clock = clock
        self._name = name

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clock.took(self._name, time.perf_counter() - self._start)
