"""The recording of a group: one file, written by the supervisor, of what all workers answer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from prometheus_client.core import CounterMetricFamily, Metric

from server.workers.messages import SearchesAsked
from server.workload.ordered_recording import OrderedRecording

_LOOK_SECONDS: Final = 0.25
_SETTLE_SECONDS: Final = 1.0  # workers say four times a second what they were asked
_WAITING: Final = 1_000


class GroupRecording:
    """Writes in a thread of its own, so that a slow disk keeps nobody from looking after workers.

    Only it writes to the file, whole lines in the order in which searches came to any worker; so a
    worker that is killed takes with it what it had not said yet, and never a part of a line.
    """

    def __init__(
        self, path: Path, *, settle_seconds: float = _SETTLE_SECONDS, waiting: int = _WAITING
    ) -> None:
        """Open or make the file; raises as `OrderedRecording` does.

        ``waiting`` messages of workers wait at most for the disk; what further ones bring is lost.
        """
        self._ordered = OrderedRecording(path, settle_seconds=settle_seconds)
        self._asked: queue.Queue[SearchesAsked | None] = queue.Queue(waiting)
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def take(self, asked: SearchesAsked) -> None:
        """Have searches written that a worker answered; never waits. One thread."""
        try:
            self._asked.put_nowait(asked)
        except queue.Full:
            self._lost += len(asked.noted)

    def families(self) -> Iterable[Metric]:
        """What was written and what could not be; what workers dropped they count themselves."""
        counts = self._ordered.counts()
        for name, value in (("recorded", counts.recorded), ("dropped", counts.dropped)):
            lost = self._lost if name == "dropped" else 0
            yield CounterMetricFamily(f"omnishelf_workload_{name}", "", value=value + lost)

    def close(self) -> None:
        """Write all that was taken, and how much was recorded and dropped."""
        self._asked.put(None)
        self._thread.join()
        self._ordered.take([], dropped=self._lost)
        self._ordered.close()

    def _run(self) -> None:
        while True:
            try:
                asked = self._asked.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                self._ordered.take([])
                continue
            if asked is None:
                return
            self._ordered.take(asked.noted, dropped=asked.dropped)
