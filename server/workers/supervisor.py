"""The supervisor of a group: workers on one port, dead ones started again, and all ended."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog
from prometheus_client import CollectorRegistry

from server.address import announced
from server.errors import FailedPrecondition, OmnishelfError, Unavailable
from server.metrics_page import MetricsPage
from server.port import SharedPort, local_target
from server.retrieval.embedded_engine import EmbeddedEngine
from server.settings import Settings
from server.worker_place import WorkerPlace
from server.workers.group import Group
from server.workers.restarts import Restarts
from server.workers.worker_process import Standing, WorkerProcess

_ENDING_SECONDS: Final = 5.0
_GROUP_DIGITS: Final = 24


class Supervisor:
    """Keeps as many workers as the settings say. Use it in a ``with`` block, from one thread.

    It opens nothing of a server itself but what only one process may hold: the port, the embedded
    index engine, the page of metrics, the recording and the file with the address.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._name = uuid.uuid4().hex[:_GROUP_DIGITS]
        self._closing = ExitStack()
        self._restarts = Restarts()
        self._due: dict[int, float] = {}
        self._engine: EmbeddedEngine | None = None
        self._port = 0
        self._group = Group(settings.model_dump(), place=self._place)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self, stop: threading.Event) -> tuple[str, str] | None:
        """Have all workers answer; what they hold and where, None if ``stop`` was set first.

        Nobody is answered before all can answer.

        Raises:
            AlreadyInUse: the port, the metrics port, the index file or the recording is another
                process's.
            InvalidRequest: the recording is not one, or cannot be written.
            FailedPrecondition, Unavailable: a worker could not start; the message is its own.
        """
        server = self._settings.server
        port = self._closing.enter_context(SharedPort(server.host, server.port))
        self._port = port.port
        if server.metrics_port:
            registry = CollectorRegistry()
            registry.register(self._group.metrics)
            page = MetricsPage(registry, host=server.host, port=server.metrics_port)
            self._closing.callback(page.close)
        if server.record is not None:
            self._record(server.record)
        self._start_all()
        if not self._wait_for(Standing.OPENED, stop):
            return None
        self._group.listen()
        if not self._wait_for(Standing.LISTENING, stop):
            return None
        address = local_target(server.host, self._port)
        self._closing.enter_context(announced(self._settings.address_file, address))
        return self._group.holding, address

    def keep(self, stop: threading.Event) -> None:
        """Keep the workers until ``stop`` is set.

        Raises:
            Unavailable: ``WORKERS_DIE``, they died again and again.
        """
        while not stop.is_set():
            for worker in self._group.look():
                self._put_on_list(worker)
            if self._engine is not None and not self._engine.running():
                self._start_all_again()
            for number, at_seconds in list(self._due.items()):
                if time.monotonic() >= at_seconds:
                    del self._due[number]
                    self._group.spawn(number)

    def close(self) -> None:
        """Let calls end as long as the settings say, then end all. Again does nothing."""
        self._group.stop(within_seconds=self._settings.server.grace_seconds + _ENDING_SECONDS)
        if self._engine is not None:
            self._engine.close()
        self._closing.close()

    def _place(self, number: int) -> WorkerPlace:
        engine = self._engine.address if self._engine else None
        return WorkerPlace(group=self._name, number=number, port=self._port, engine=engine)

    def _record(self, path: Path) -> None:
        # Imported where a file is named: most groups record nothing, and start soon.
        from server.workers.group_recording import GroupRecording  # noqa: PLC0415

        recording = GroupRecording(path)
        self._closing.callback(recording.close)
        self._group.record = recording.take
        self._group.metrics.own = recording.families

    def _start_all(self) -> None:
        uri = self._settings.vectors_uri
        if uri.endswith(".db"):
            self._engine = EmbeddedEngine(Path(uri))
        for number in range(self._settings.server.processes):
            self._group.spawn(number)

    def _wait_for(self, standing: Standing, stop: threading.Event) -> bool:
        while not self._group.all_are(standing):
            if stop.is_set():
                return False
            for worker in self._group.look():
                raise _not_started(worker)
        return True

    def _put_on_list(self, worker: WorkerProcess) -> None:
        """Note when a worker that died is to be started again."""
        pause = self._pause()
        number = worker.place.number
        structlog.get_logger().warning(
            "worker died",
            worker=number,
            process=worker.process_id,
            code=worker.exit_code,
            problem=worker.failed.message if worker.failed else "",
            again_in_seconds=pause,
        )
        self._due[number] = time.monotonic() + pause

    def _start_all_again(self) -> None:
        """What workers have open of an engine that died is gone; a new one wants new workers."""
        pause = self._pause()
        structlog.get_logger().warning("index engine died", again_in_seconds=pause)
        self._group.stop(within_seconds=0.0)
        if self._engine is not None:
            self._engine.close()
        self._due.clear()
        time.sleep(pause)
        self._start_all()

    def _pause(self) -> float:
        pause = self._restarts.died(time.monotonic())
        if pause is None:
            message = (
                "the workers died again and again, so all were stopped; the log lines before say"
                " why, start the server again when that is mended"
            )
            raise Unavailable(message, reason="WORKERS_DIE")
        return pause


def _not_started(worker: WorkerProcess) -> OmnishelfError:
    if worker.failed is None:
        message = (
            f"worker {worker.place.number} ended with code {worker.exit_code} before it served;"
            " see what it said, and that there is memory for all of them"
        )
        return Unavailable(message, reason="WORKER_NOT_STARTED")
    if worker.failed.asked_wrongly:
        return FailedPrecondition(worker.failed.message, reason="WORKER_NOT_STARTED")
    return Unavailable(worker.failed.message, reason="WORKER_NOT_STARTED")
