"""Towers elsewhere, and the same towers in this process for when those do not answer in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from exporter.spec import Manifest
from server.arrays import Float32Array, UInt8Array
from server.deadline import Deadline
from server.encoders.breaker import Admission, Breaker
from server.encoders.protocol import Encoder
from server.errors import DeadlineExceeded, Unavailable
from server.stages import StageClock

Kind = Literal["text", "picture"]

PROBE_SECONDS = 0.5
"""Longest wait of the one request that tries whether the primary is back."""

_MARGIN = 2.0
_LEAST_RESERVE_SECONDS = 0.005
_SLOW = 4.0
_FIRST_GUESS_SECONDS = 0.1
_SHARE_OF_NEW = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One call as either encoder takes it, and how many rows it has."""

    kind: Kind
    rows: int
    run: Callable[[Encoder, Deadline], Float32Array]


class FallbackEncoder:
    """Asks the primary, and where that fails or is late the twin, which runs in this process.

    The primary gets what the deadline leaves over the twin's own recent time, twice that for
    safety, and at least half of the whole. A primary that is late was given too little by a caller
    in a hurry, and stays in use, unless it had four times its own recent time: then, as when it is
    `Unavailable`, all go to the twin at once but for one request an interval, which tries it again
    (`Breaker`). Without a twin such requests are refused at once as `Unavailable`. What is wrong
    with a request is raised by whichever encoder meets it, and says nothing of the primary.
    """

    def __init__(
        self, primary: Encoder, *, twin: Encoder | None, breaker: Breaker | None = None
    ) -> None:
        """Run the twin once, so that its time is known and its first, slow run is over.

        Raises:
            ValueError: The two are of different bundles.
        """
        if twin is not None and twin.manifest.id != primary.manifest.id:
            raise ValueError(f"{twin.manifest.id} is no twin of {primary.manifest.id}")
        self._primary = primary
        self._twin = twin
        self._breaker = breaker or Breaker()
        self._primary_seconds = _RecentTimes()
        self._twin_seconds = _RecentTimes()
        if twin is not None:
            self._measure(twin)

    @property
    def manifest(self) -> Manifest:
        """The bundle that encodes."""
        return self._primary.manifest

    def away_reason(self) -> str | None:
        """Why the primary is not asked at present; None while it is."""
        return self._breaker.reason

    def encode_texts(
        self, texts: Sequence[str], *, deadline: Deadline, clock: StageClock | None = None
    ) -> Float32Array:
        """Vectors (n, d), as `Encoder` says."""

        def run(encoder: Encoder, until: Deadline) -> Float32Array:
            return encoder.encode_texts(texts, deadline=until)

        work = _Work(kind="text", rows=len(texts), run=run)
        return self._encode(work, deadline=deadline, clock=clock)

    def encode_pictures(
        self, pixels: UInt8Array, *, deadline: Deadline, clock: StageClock | None = None
    ) -> Float32Array:
        """Vectors (n, d), as `Encoder` says."""

        def run(encoder: Encoder, until: Deadline) -> Float32Array:
            return encoder.encode_pictures(pixels, deadline=until)

        work = _Work(kind="picture", rows=len(pixels), run=run)
        return self._encode(work, deadline=deadline, clock=clock)

    def close(self) -> None:
        """Close both."""
        self._primary.close()
        if self._twin is not None:
            self._twin.close()

    def _encode(self, work: _Work, *, deadline: Deadline, clock: StageClock | None) -> Float32Array:
        admission = self._breaker.admit()
        if admission is Admission.REFUSED:
            reason = self._breaker.reason or Unavailable.reason
        else:
            share = self._share(work, deadline, admission)
            try:
                return self._asked(work, share, admission)
            except Unavailable as error:
                reason = error.reason
            except DeadlineExceeded as error:
                if not deadline.remaining_seconds():
                    raise
                reason = error.reason
        if self._twin is None:
            message = (
                f"the encoder of {self.manifest.id} does not answer, and this process has no twin "
                "of it; try again, or look at the server that runs the towers"
            )
            raise Unavailable(message, reason=reason)
        vectors = self._timed(self._twin_seconds, work, self._twin, deadline)
        if clock:
            clock.fall_back("encode", used="in_process", reason=reason)
        return vectors

    def _asked(self, work: _Work, share: Deadline, admission: Admission) -> Float32Array:
        """The primary's answer, and what its way of answering means for the next requests."""
        given = share.remaining_seconds()
        usual = self._primary_seconds.of(work.kind, work.rows) or _FIRST_GUESS_SECONDS
        decided = False
        try:
            vectors = self._timed(self._primary_seconds, work, self._primary, share)
            self._breaker.succeeded(admission)
            decided = True
        except Unavailable as error:
            self._breaker.failed(admission, reason=error.reason)
            decided = True
            raise
        except DeadlineExceeded as error:
            if not share.cancelled and given >= _SLOW * usual:
                self._breaker.failed(admission, reason=error.reason)
                decided = True
            raise
        finally:
            if not decided:
                self._breaker.undecided(admission)
        return vectors

    def _share(self, work: _Work, deadline: Deadline, admission: Admission) -> Deadline:
        remaining = deadline.remaining_seconds()
        reserve = _LEAST_RESERVE_SECONDS
        if self._twin is not None:
            twin = self._twin_seconds.of(work.kind, work.rows) or _FIRST_GUESS_SECONDS
            reserve = max(reserve, _MARGIN * twin)
        share = max(remaining - reserve, remaining / 2)
        return deadline.within(min(share, PROBE_SECONDS) if admission is Admission.PROBE else share)

    def _timed(
        self, times: _RecentTimes, work: _Work, encoder: Encoder, deadline: Deadline
    ) -> Float32Array:
        started = time.perf_counter()
        vectors = work.run(encoder, deadline)
        times.add(work.kind, work.rows, time.perf_counter() - started)
        return vectors

    def _measure(self, twin: Encoder) -> None:
        """Run the twin's towers twice each: the first time is no measure."""

        def texts(encoder: Encoder, until: Deadline) -> Float32Array:
            return encoder.encode_texts(["red shoes", "红色的鞋"], deadline=until)

        def pictures(encoder: Encoder, until: Deadline) -> Float32Array:
            return encoder.encode_pictures(blank, deadline=until)

        samples = [_Work(kind="text", rows=2, run=texts)]
        if (tower := self.manifest.image) is not None:
            blank = np.zeros((1, tower.height, tower.width, 3), np.uint8)
            samples.append(_Work(kind="picture", rows=1, run=pictures))
        for work in samples:
            work.run(twin, Deadline.never())
            self._timed(self._twin_seconds, work, twin, Deadline.never())


class _RecentTimes:
    """Seconds a row by kind, as a moving average in which the last call counts a fifth."""

    def __init__(self) -> None:
        self._seconds: dict[Kind, float] = {}
        self._lock = threading.Lock()

    def add(self, kind: Kind, rows: int, seconds: float) -> None:
        one = seconds / max(rows, 1)
        with self._lock:
            before = self._seconds.get(kind, one)
            self._seconds[kind] = before + _SHARE_OF_NEW * (one - before)

    def of(self, kind: Kind, rows: int) -> float:
        """Expected seconds of so many rows; 0 where nothing was measured yet."""
        return self._seconds.get(kind, 0.0) * max(rows, 1)
