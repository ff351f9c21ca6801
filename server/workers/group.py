"""The workers of a group and what they say: one at a time is heard, all can be told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection, wait
from typing import Final

from server.worker_place import WorkerPlace
from server.workers.messages import (
    AskMetrics,
    Failed,
    Listen,
    Listening,
    Message,
    MetricsText,
    Opened,
    SearchesAsked,
    ShelfStep,
    StepTaken,
    Stop,
    TakeStep,
)
from server.workers.metrics_sum import MetricsSum
from server.workers.relays import Relays
from server.workers.worker_process import Standing, WorkerProcess

_LOOK_SECONDS: Final = 0.1
_SCRAPE_SECONDS: Final = 2.0
_LAST_SECONDS: Final = 1.0


class Group:
    """Worker processes by number. One thread looks after them; any thread reads the metrics."""

    def __init__(
        self, settings: Mapping[str, object], *, place: Callable[[int], WorkerPlace]
    ) -> None:
        """``settings`` are what every worker gets, ``place`` gives the place of a number."""
        self._settings = settings
        self._place = place
        self._workers: dict[int, WorkerProcess] = {}
        self._steps: list[ShelfStep] = []
        self._relays = Relays()
        self._asking = threading.Condition()
        self._unheard: set[int] = set()
        self._listening = False
        self.holding = ""
        """What the first worker that had opened said that it holds."""
        self.record: Callable[[SearchesAsked], None] = lambda _: None
        """Takes the searches that workers answered, if they are to be recorded."""
        self.metrics = MetricsSum(self._ask_for_metrics)
        """What all workers count."""

    def spawn(self, number: int) -> None:
        """Start a worker; it answers calls when it is told to, see `all_are` and `listen`."""
        self._workers[number] = WorkerProcess(
            self._settings, place=self._place(number), steps=tuple(self._steps)
        )

    def all_are(self, standing: Standing) -> bool:
        """Whether every worker has come at least so far."""
        return all(each.standing.value >= standing.value for each in self._workers.values())

    def listen(self) -> None:
        """Have all answer calls; who opens later, in a dead one's place, does so at once.

        It does even if all of them are dead: nobody is left then to tell that calls are answered.
        """
        self._listening = True
        for worker in self._workers.values():
            worker.send(Listen())

    def look(self) -> list[WorkerProcess]:
        """Hear what is said within a moment; who is gone, and no longer of the group."""
        by_connection = {worker.connection: worker for worker in self._workers.values()}
        if not by_connection:
            time.sleep(_LOOK_SECONDS)
            return []
        gone = []
        for ready in wait(list(by_connection), timeout=_LOOK_SECONDS):
            if isinstance(ready, Connection):
                worker = by_connection[ready]
                try:
                    self._heard(worker, ready.recv())
                except (EOFError, OSError):
                    gone.append(worker)
        for worker in gone:
            # Its end of the connection closes a moment before it has an exit code.
            worker.wait(_LAST_SECONDS)
            self._bury(worker)
        self._answer_relayed()
        return gone

    def stop(self, *, within_seconds: float) -> None:
        """Have all end, in order as long as there is time; the group is empty on return.

        Who answers no calls yet is ended at once. What the others say until their end is heard.
        """
        until = time.monotonic() + within_seconds
        for worker in list(self._workers.values()):
            worker.send(Stop())
            if worker.standing is not Standing.LISTENING:
                self._bury(worker)
        self._look_until_empty(until)
        for worker in self._workers.values():
            worker.end()
        self._look_until_empty(time.monotonic() + _LAST_SECONDS)
        for worker in list(self._workers.values()):
            self._bury(worker)

    def _look_until_empty(self, until: float) -> None:
        while self._workers and time.monotonic() < until:
            self.look()

    def _bury(self, worker: WorkerProcess) -> None:
        number = worker.place.number
        worker.kill()
        self._workers.pop(number, None)
        self._relays.gone(number)
        self.metrics.gone(number)
        self._hear_of(number)

    def _heard(self, worker: WorkerProcess, message: Message) -> None:
        number = worker.place.number
        match message:
            case Opened(holding=holding):
                self.holding = self.holding or holding
                worker.standing = Standing.OPENED
                if self._listening:
                    worker.send(Listen())
            case Listening():
                worker.standing = Standing.LISTENING
            case Failed():
                worker.failed = message
            case MetricsText(text=text):
                self.metrics.hear(number, text)
                self._hear_of(number)
            case TakeStep():
                self._pass_on(number, message)
            case StepTaken():
                self._relays.taken(number, message.number, problem=message.problem)
            case SearchesAsked():
                self.record(message)
            case _:
                raise TypeError(f"a worker said {type(message).__name__}")

    def _pass_on(self, origin: int, asked: TakeStep) -> None:
        self._steps.append(asked.step)
        others = [each for each in self._workers if each != origin]
        number = self._relays.begin(origin=origin, number=asked.number, others=others)
        for each in others:
            self._workers[each].send(TakeStep(number=number, step=asked.step))

    def _answer_relayed(self) -> None:
        for done in self._relays.done():
            if (worker := self._workers.get(done.origin)) is not None:
                worker.send(StepTaken(number=done.number, problem=done.problem))

    def _ask_for_metrics(self) -> None:
        """Have every worker's metrics heard; of one that says nothing those of the last time."""
        with self._asking:
            asked = [
                worker
                for worker in list(self._workers.values())
                if worker.standing is Standing.LISTENING
            ]
            self._unheard = {worker.place.number for worker in asked}
            for worker in asked:
                worker.send(AskMetrics())
            self._asking.wait_for(lambda: not self._unheard, timeout=_SCRAPE_SECONDS)

    def _hear_of(self, number: int) -> None:
        with self._asking:
            self._unheard.discard(number)
            self._asking.notify_all()
