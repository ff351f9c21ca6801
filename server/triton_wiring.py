"""Opens encoder bundles on a Triton, this server's own or another, with a twin in this process."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from prometheus_client import CollectorRegistry

from exporter.triton.errors import RepositoryError
from exporter.triton.options import ServingOptions
from exporter.triton.repository import publish
from server.deadline import Deadline
from server.encoders.embedded import EmbeddedEncoder
from server.encoders.fallback import FallbackEncoder
from server.encoders.managed_answer import right_answer
from server.encoders.managed_command import environment_command
from server.encoders.managed_triton import ManagedOptions, ManagedTriton
from server.encoders.protocol import Encoder
from server.encoders.triton import TritonEncoder, TritonOptions
from server.errors import DataCorrupted, DeadlineExceeded, FailedPrecondition, Unavailable
from server.observability import TritonMetrics
from server.settings import Settings, surroundings

_WRONG_ANSWER = "TRITON_WRONG_ANSWER"
_POLL_SECONDS = 0.1
_UNLOAD_SECONDS = 5.0


class TritonOpener:
    """Use it as a context: within it bundles are opened, after it a managed Triton has stopped.

    The encoders it gave are closed by whoever asked for them, before the context ends.
    """

    def __init__(self, settings: Settings, *, registry: CollectorRegistry) -> None:
        """``registry`` is where a managed Triton's metrics are published."""
        self._settings = settings
        self._registry = registry
        self._managed: ManagedTriton | None = None
        self._users = _Users()
        self._closing = ExitStack()
        self._log = structlog.get_logger("omnishelf.encoders")

    def __enter__(self) -> Self:
        """Start the managed Triton, where the settings ask for one.

        Raises:
            FailedPrecondition, AlreadyInUse, Unavailable: As `ManagedTriton` says.
        """
        triton = self._settings.triton
        if triton.managed:
            self._repository.mkdir(parents=True, exist_ok=True)
            self._managed = self._closing.enter_context(
                ManagedTriton(
                    environment_command(
                        triton.environment,
                        repository=self._repository,
                        surroundings=surroundings(),
                    ),
                    folder=self._settings.data / "triton",
                    observer=TritonMetrics(self._registry),
                    options=ManagedOptions(ready_seconds=triton.ready_seconds),
                )
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the managed Triton."""
        self._closing.close()

    def open(self, directory: Path) -> Encoder:
        """An encoder of the bundle in ``directory`` that has given a right answer.

        Raises:
            DataCorrupted, FailedPrecondition: The bundle cannot be used, here or on Triton.
            Unavailable, DeadlineExceeded: Triton does not answer rightly, and there is no twin.
        """
        with ExitStack() as closing:
            primary = self._on_triton(directory)
            closing.callback(primary.close)
            twin = self._twin(directory, primary)
            self._await(primary, has_twin=twin is not None)
            closing.pop_all()
        return FallbackEncoder(primary, twin=twin)

    @property
    def _repository(self) -> Path:
        return self._settings.data / "triton" / "models"

    def _embedded(self, directory: Path) -> EmbeddedEncoder:
        return EmbeddedEncoder(directory, threads=self._settings.encoder.threads)

    def _on_triton(self, directory: Path) -> TritonEncoder:
        triton = self._settings.triton
        options = TritonOptions(
            address=self._managed.address if self._managed else triton.address,
            max_in_flight=triton.max_in_flight,
            rows_a_request=triton.rows_a_request,
            shared_memory=triton.shared_memory,
            cancel_calls=triton.cancel_calls,
        )
        if self._managed is None:
            return TritonEncoder(directory, options=options)
        try:
            publish(directory, self._repository, options=managed_serving(self._settings))
        except RepositoryError as error:
            raise DataCorrupted(str(error), reason=error.reason) from error
        return _ManagedEncoder(directory, options=options, managed=self._managed, users=self._users)

    def _twin(self, directory: Path, primary: Encoder) -> EmbeddedEncoder | None:
        """The same towers in this process, where the settings want them and the files are there."""
        manifest = primary.manifest
        towers = [tower.file for tower in manifest.text]
        towers += [manifest.image.file] if manifest.image else []
        here = all((directory / name).is_file() for name in towers)
        return self._embedded(directory) if self._settings.encoder.twin and here else None

    def _await(self, primary: TritonEncoder, *, has_twin: bool) -> None:
        """Return once Triton answers rightly, or at once where it is away and a twin is here.

        What is up and wrong is refused in either case: an answer of the twin would hide it.
        """
        until = Deadline.after(self._settings.triton.ready_seconds)
        if self._managed is not None:
            self._managed.serve(primary.manifest.id, right_answer(primary), deadline=until)
            return
        while True:
            try:
                right_answer(primary)(until)
            except (Unavailable, DeadlineExceeded) as error:
                if error.reason == _WRONG_ANSWER or not (has_twin or until.remaining_seconds()):
                    raise
                if has_twin:
                    self._log.warning("triton_away", reason=error.reason, instead="in_process")
                    return
                time.sleep(_POLL_SECONDS)
            else:
                return


def managed_serving(settings: Settings) -> ServingOptions:
    """How towers are published for a managed Triton."""
    return ServingOptions(
        runtime="python",
        threads=settings.encoder.threads,
        instances=settings.triton.instances,
        max_batch=settings.triton.rows_a_request,
    )


class _Users:
    """How many encoders of each bundle are open: one may be opened before the other is closed."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._changing = threading.Lock()

    def enter(self, bundle_id: str) -> None:
        with self._changing:
            self._counts[bundle_id] += 1

    def leave(self, bundle_id: str) -> bool:
        """Whether that was the last."""
        with self._changing:
            self._counts[bundle_id] -= 1
            return self._counts[bundle_id] == 0


class _ManagedEncoder(TritonEncoder):
    """A bundle on the managed Triton, whose models go when its last encoder is closed."""

    def __init__(
        self, directory: Path, *, options: TritonOptions, managed: ManagedTriton, users: _Users
    ) -> None:
        super().__init__(directory, options=options)
        self._managed = managed
        self._users = users
        self._open = True
        users.enter(self.manifest.id)

    def close(self) -> None:
        """Have the models unloaded if nobody else uses them, then close. Again does nothing."""
        if self._open and self._users.leave(self.manifest.id):
            self._managed.forget(self.manifest.id)
            # Where it is away or stopping, its models are too.
            with suppress(Unavailable, DeadlineExceeded, FailedPrecondition):
                self.unload_models(Deadline.after(_UNLOAD_SECONDS))
        self._open = False
        super().close()
