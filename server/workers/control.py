"""A worker's side of the connection to its supervisor."""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Final

from server.errors import Unavailable
from server.workers.messages import (
    AskMetrics,
    Begin,
    Listen,
    Message,
    MetricsText,
    ShelfStep,
    StepTaken,
    Stop,
    TakeStep,
)

_ALONE_SECONDS: Final = 3.0
_STEP_SECONDS: Final = 300.0


class Control:
    """Hears the supervisor in a thread of its own. Any thread may speak.

    A worker whose supervisor is gone ends: in order if it can within three seconds, else at once,
    for its engine is gone too and its port may be another's.
    """

    def __init__(
        self, connection: Connection, *, end_at_once: Callable[[], None] = lambda: os._exit(1)
    ) -> None:
        """``end_at_once`` is called three seconds after the supervisor is gone."""
        self._connection = connection
        self._end_at_once = end_at_once
        self._sending = threading.Lock()
        self.listen = threading.Event()
        """Set when calls shall be answered, and when it is over."""
        self.stop = threading.Event()
        """Set when it is over."""
        self._metrics: Callable[[], str] = str
        self._steps: queue.SimpleQueue[TakeStep | None] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, queue.SimpleQueue[StepTaken]] = {}

    def begin(self) -> Begin:
        """What the supervisor says first; to be called before `hear`.

        Raises:
            EOFError: it is gone.
        """
        said = self._connection.recv()
        if not isinstance(said, Begin):
            raise TypeError(f"the supervisor began with {type(said).__name__}")
        return said

    def hear(self) -> None:
        """Hear from now on."""
        threading.Thread(target=self._hear, name="supervisor", daemon=True).start()

    def answer(self, *, metrics: Callable[[], str], step: Callable[[ShelfStep], str]) -> None:
        """Answer questions from now on; ``step`` gives what went wrong, empty for nothing."""
        self._metrics = metrics

        def take() -> None:
            while (asked := self._steps.get()) is not None:
                self.send(StepTaken(number=asked.number, problem=step(asked.step)))

        threading.Thread(target=take, name="shelf", daemon=True).start()

    def ask_to_stop(self) -> None:
        """End as if the supervisor had said so."""
        self.stop.set()
        self.listen.set()

    def send(self, message: Message) -> None:
        """Say something; what a supervisor that is gone cannot hear is lost."""
        with self._sending, contextlib.suppress(OSError):
            self._connection.send(message)

    def have_all_take(self, step: ShelfStep) -> None:
        """Have every other worker take a step of the shelf.

        Raises:
            Unavailable: not all did; the message says why.
        """
        number = next(self._numbers)
        answers = self._waiting[number] = queue.SimpleQueue()
        self.send(TakeStep(number=number, step=step))
        try:
            problem = answers.get(timeout=_STEP_SECONDS).problem
        except queue.Empty:
            problem = "it did not answer"
        finally:
            del self._waiting[number]
        if problem:
            message = f"this worker did it and another could not ({problem}); send it again"
            raise Unavailable(message, reason="WORKER_BEHIND")

    def _hear(self) -> None:
        try:
            while True:
                self._heard(self._connection.recv())
        except (EOFError, OSError):
            ending = threading.Timer(_ALONE_SECONDS, self._end_at_once)
            ending.daemon = True
            ending.start()
            self.ask_to_stop()

    def _heard(self, message: Message) -> None:
        match message:
            case Listen():
                self.listen.set()
            case Stop():
                self.ask_to_stop()
            case AskMetrics():
                self.send(MetricsText(text=self._metrics()))
            case TakeStep():
                self._steps.put(message)
            case StepTaken(number=number):
                if (answers := self._waiting.get(number)) is not None:
                    answers.put(message)
            case _:
                raise TypeError(f"the supervisor said {type(message).__name__}")
