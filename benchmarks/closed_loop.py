"""A closed loop: so many callers, each asking again as soon as it is answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a loop measured: answers a second, and milliseconds that callers waited."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    requests: int

    def rounded(self) -> dict[str, float]:
        """The figures as a table shows them."""
        return {
            "requests_per_second": round(self.requests_per_second, 1),
            "p50_ms": round(self.p50_ms, 2),
            "p99_ms": round(self.p99_ms, 2),
            "requests": self.requests,
        }


def closed_loop(callers: Sequence[Callable[[int], object]], *, seconds: float) -> Load:
    """Run every caller in a thread of its own for so long; each is given 0, 1, 2, ...

    Raises:
        Exception: whatever a caller raised first; the others are stopped.
    """
    waits: list[list[float]] = [[] for _ in callers]
    failures: list[BaseException] = []
    start = threading.Barrier(len(callers) + 1)
    stop = threading.Event()

    def run(place: int) -> None:
        call, own = callers[place], waits[place]
        start.wait()
        number = place
        try:
            while not stop.is_set():
                began = time.perf_counter()
                call(number)
                own.append(time.perf_counter() - began)
                number += len(callers)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            failures.append(error)
            stop.set()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(callers))]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    if failures:
        raise failures[0]
    return summed_up([wait for own in waits for wait in own], elapsed=elapsed)


def summed_up(waits: Sequence[float], *, elapsed: float) -> Load:
    """Figures of ``waits`` in seconds over ``elapsed`` seconds; percentiles are of what was seen.

    >>> summed_up([0.001] * 99 + [0.1], elapsed=2.0).rounded()
    {'requests_per_second': 50.0, 'p50_ms': 1.0, 'p99_ms': 1.0, 'requests': 100}
    """
    if not waits:
        raise ValueError("nobody was answered; run longer")
    p50, p99 = np.percentile(np.asarray(waits), [50, 99], method="inverted_cdf") * 1_000
    return Load(
        requests_per_second=len(waits) / elapsed,
        p50_ms=float(p50),
        p99_ms=float(p99),
        requests=len(waits),
    )
