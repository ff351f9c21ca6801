"""A Triton of this server's own: started, watched, started again when it dies, stopped with it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import structlog

from exporter.triton.server_environment import Command
from server.deadline import Deadline
from server.encoders.managed_folder import owned
from server.encoders.managed_log import TritonLog
from server.encoders.managed_pause import CALM_SECONDS, pause_seconds
from server.encoders.managed_ports import LOOPBACK, free_port
from server.encoders.managed_process import TritonProcess
from server.encoders.managed_regions import region_prefix, remove_regions
from server.errors import DeadlineExceeded, OmnishelfError, Unavailable

Answer = Callable[[Deadline], object]
"""Loads what one encoder needs, unless it is loaded, and checks an answer of it; raises an
OmnishelfError otherwise. `server.encoders.managed_answer.right_answer` is one."""

_BUSY = "TRITON_BUSY"
_STILL_STARTING = frozenset({"TRITON_UNREACHABLE", "TRITON_NOT_READY", _BUSY})
_CHECK_LIMIT_SECONDS = 10.0
_POLL_SECONDS = 0.05
_STRIKES = 3
"""So many checks must fail one after another before a Triton that runs is started anew."""


class TritonCommand(Protocol):
    """How to start it; `server.encoders.managed_command.environment_command` makes one."""

    def __call__(self, *, grpc_port: int, region_prefix: str) -> Command:
        """Give the process that answers gRPC on that loopback port, its regions named so."""


class TritonObserver(Protocol):
    """Hears what becomes of it; must not raise and must not wait."""

    def triton_up(self, *, up: bool) -> None:
        """It has begun or ceased to give right answers."""

    def triton_restarted(self) -> None:
        """It died and was started again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedOptions:
    """Times, in seconds.

    Attributes:
        ready_seconds: time that a restarted Triton is given to answer rightly.
        check_seconds: time between checks of what is served.
        grace_seconds: time between asking it to end and killing it.
    """

    ready_seconds: float = 120.0
    check_seconds: float = 3.0
    grace_seconds: float = 10.0


class ManagedTriton:
    """Use it as a context: within it Triton runs at `address`, and after it nothing is left.

    It starts without models. `serve` has one encoder's models loaded and an answer checked, and
    again after every restart. Any thread may call it.
    """

    def __init__(
        self,
        command: TritonCommand,
        *,
        folder: Path,
        observer: TritonObserver,
        options: ManagedOptions | None = None,
        choose_port: Callable[[], int] = free_port,
    ) -> None:
        """``folder`` keeps its log and its lock: one Triton a folder. Nothing starts yet."""
        self._command = command
        self._folder = folder
        self._observer = observer
        self._options = options or ManagedOptions()
        self._choose_port = choose_port
        self._port = 0
        self._prefix = ""
        self._answers: dict[str, Answer] = {}
        self._stopping = threading.Event()
        self._changing = threading.Lock()
        self._process: TritonProcess | None = None
        self._watcher: threading.Thread | None = None
        self._closing = ExitStack()
        self._log = TritonLog(folder / "triton.log")
        self._events = structlog.get_logger("omnishelf.triton")
        self.restarts = 0

    @property
    def address(self) -> str:
        """``HOST:PORT`` of its gRPC endpoint, the same after a restart."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def keeper_pid(self) -> int:
        """Process id of the parent of the Triton that runs now, or ran last."""
        return self._running().pid

    def __enter__(self) -> Self:
        """Start it, without waiting for it to answer.

        Raises:
            AlreadyInUse: ``TRITON_FOLDER`` or ``TRITON_PORT``.
            FailedPrecondition: ``TRITON_FOLDER`` or ``TRITON_ENVIRONMENT``: nothing to start.
            Unavailable: ``TRITON_NOT_STARTED``: the system starts no process.
        """
        with ExitStack() as closing:
            closing.enter_context(owned(self._folder))
            self._log.rotate()
            self._port = self._choose_port()
            self._prefix = region_prefix(self._folder)
            self._spawn()
            self._closing = closing.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def serve(self, name: str, answer: Answer, *, deadline: Deadline) -> None:
        """Return once ``answer`` passes; from then on make it pass after every restart.

        ``name`` says whose answer it is, for `forget`.

        Raises:
            Unavailable: ``TRITON_EXITED`` (before anything was served), ``TRITON_NOT_READY`` (not
                in time), ``TRITON_WRONG_ANSWER``, or what else ``answer`` raises that no waiting
                mends.
            FailedPrecondition: what ``answer`` raises.
        """
        self._await(answer, deadline=deadline, another_comes=self._watcher is not None)
        self._answers[name] = answer
        with self._changing:
            if self._watcher is None and not self._stopping.is_set():
                self._observer.triton_up(up=True)
                self._watcher = threading.Thread(
                    target=self._watch, name="triton-watcher", daemon=True
                )
                self._watcher.start()

    def forget(self, name: str) -> None:
        """Do not ask for this answer after a restart any more; an unknown name does nothing."""
        self._answers.pop(name, None)

    def stop(self) -> None:
        """End it and everything it started; return when that is done. Again does nothing."""
        with self._changing:
            if self._stopping.is_set():
                return
            self._stopping.set()
            process = self._process
        if process is not None:
            process.stop()
        if self._watcher is not None:
            self._watcher.join()
        remove_regions(self._prefix)
        self._closing.close()

    def _spawn(self) -> None:
        """Start a process, unless it is being stopped: nothing then starts any more."""
        with self._changing:
            if self._stopping.is_set():
                return
            remove_regions(self._prefix)
            self._process = TritonProcess(
                self._command(grpc_port=self._port, region_prefix=self._prefix),
                log=self._log,
                grace_seconds=self._options.grace_seconds,
            )

    def _running(self) -> TritonProcess:
        if self._process is None:
            message = "the managed Triton was not started; enter its context first"
            raise Unavailable(message, reason="TRITON_EXITED")
        return self._process

    def _await(self, answer: Answer, *, deadline: Deadline, another_comes: bool) -> None:
        """Ask until the answer is right; ``another_comes`` in the place of a process that ended."""
        while True:
            process = self._running()
            try:
                answer(deadline)
            except (Unavailable, DeadlineExceeded) as error:
                if self._stopping.is_set() or (process.exited and not another_comes):
                    raise self._exited(process) from error
                if isinstance(error, Unavailable) and error.reason not in _STILL_STARTING:
                    raise
                if deadline.remaining_seconds() == 0.0:
                    raise self._not_ready(error) from error
                self._stopping.wait(_POLL_SECONDS)
            else:
                return

    def _exited(self, process: TritonProcess) -> Unavailable:
        return Unavailable(
            f"Triton ended with {process.ending()} before it answered, and wrote last:"
            f" {self._log.last_lines()}; see {self._log.path}, or serve with --encoder embedded",
            reason="TRITON_EXITED",
        )

    def _not_ready(self, error: OmnishelfError) -> Unavailable:
        return Unavailable(
            f"Triton runs but did not answer in time ({error.reason}), and wrote last:"
            f" {self._log.last_lines()}; see {self._log.path}, or raise triton.ready_seconds",
            reason="TRITON_NOT_READY",
        )

    def _watch(self) -> None:
        failures = 0
        served_since = time.monotonic()
        while True:
            process = self._running()
            self._until_it_fails(process)
            if self._stopping.is_set():
                return
            self._observer.triton_up(up=False)
            calm = time.monotonic() - served_since >= CALM_SECONDS
            failures = 1 if calm else failures + 1
            pause = pause_seconds(failures, draw=random.random())  # noqa: S311 - to spread
            self._events.warning(
                "triton_ended",
                how=process.ending(),
                again_in=round(pause, 2),
                log=str(self._log.path),
            )
            if self._stopping.wait(pause):
                return
            try:
                self._spawn()
            except OmnishelfError as error:
                self._events.error("triton_not_started", reason=error.reason, why=error.message)
                continue
            self.restarts += 1
            self._observer.triton_restarted()
            self._serve_again()
            served_since = time.monotonic()

    def _until_it_fails(self, process: TritonProcess) -> None:
        """Return when it has ended, which it is made to when it runs and does not answer.

        Triton does not mend a model whose process was killed: it says that it is ready, and fails
        whatever the model is asked.
        """
        strikes = 0
        while not process.wait(self._options.check_seconds):
            reason = self._failing()
            strikes = strikes + 1 if reason else 0
            if strikes >= _STRIKES and not self._stopping.is_set():
                self._events.error("triton_fails", reason=reason)
                process.kill()  # what is in it fails already, and may keep it from ending

    def _failing(self) -> str | None:
        """Give the reason of the first answer that does not pass; a full queue is no failure."""
        for answer in list(self._answers.values()):
            try:
                answer(Deadline.after(_CHECK_LIMIT_SECONDS))
            except OmnishelfError as error:
                if error.reason != _BUSY:
                    return error.reason
        return None

    def _serve_again(self) -> None:
        """Load and check everything; end a process that does not come to answer rightly."""
        process = self._running()
        deadline = Deadline.after(self._options.ready_seconds)
        for name, answer in list(self._answers.items()):
            try:
                self._await(answer, deadline=deadline, another_comes=False)
            except OmnishelfError as error:
                self._events.error("triton_not_restored", name=name, reason=error.reason)
                process.kill()
                return
        if not process.exited:
            self._observer.triton_up(up=True)
            self._events.info("triton_restored", restarts=self.restarts)
