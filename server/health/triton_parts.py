"""Check of the Triton that the settings name: it is here, and answers rightly."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from exporter.triton.errors import RepositoryError
from exporter.triton.repository import publish
from server.deadline import Deadline
from server.encoders.managed_answer import right_answer
from server.encoders.managed_command import environment_command
from server.encoders.managed_triton import ManagedTriton
from server.encoders.triton import TritonEncoder, TritonOptions
from server.errors import OmnishelfError
from server.health.check import Check, failed, passed
from server.health.software import triton as installed_triton
from server.settings import EncoderKind, Settings, surroundings
from server.triton_wiring import managed_serving

_NAME = "triton"
_ANSWER_SECONDS = 10.0


def triton(settings: Settings) -> Check:
    """The Triton of the settings answers; one that the server would manage is started on trial.

    Where towers run in this process, says whether there is one at all.
    """
    if settings.encoder.kind is not EncoderKind.TRITON:
        return installed_triton()
    try:
        found = _managed(settings) if settings.triton.managed else _named(settings)
    except RepositoryError as error:
        return failed(_NAME, str(error), remedy="name another folder for temporary files (TMPDIR)")
    except OmnishelfError as error:
        remedy = "or run the towers in this process: set encoder.kind to embedded"
        return failed(_NAME, f"{error.reason}: {error.message}", remedy=remedy)
    return passed(_NAME, found)


def _named(settings: Settings) -> str:
    address = settings.triton.address
    with closing(_encoder(settings, address)) as encoder:
        encoder.ready(Deadline.after(_ANSWER_SECONDS))
        return f"answers rightly for {encoder.manifest.id} at {address}"


def _managed(settings: Settings) -> str:
    """Start it over a repository of its own: what serves meanwhile is not disturbed."""
    with tempfile.TemporaryDirectory(prefix="omnishelf-") as folder:
        repository = Path(folder) / "models"
        publish(settings.bundle_directory, repository, options=managed_serving(settings))
        command = environment_command(
            settings.triton.environment, repository=repository, surroundings=surroundings()
        )
        with (
            ManagedTriton(command, folder=Path(folder), observer=_Nobody()) as managed,
            closing(_encoder(settings, managed.address)) as encoder,
        ):
            deadline = Deadline.after(settings.triton.ready_seconds)
            managed.serve(encoder.manifest.id, right_answer(encoder), deadline=deadline)
            environment = settings.triton.environment
            return f"that of {environment} starts and answers rightly for {encoder.manifest.id}"


def _encoder(settings: Settings, address: str) -> TritonEncoder:
    options = TritonOptions(
        address=address,
        rows_a_request=settings.triton.rows_a_request,
        shared_memory=settings.triton.shared_memory,
    )
    return TritonEncoder(settings.bundle_directory, options=options)


class _Nobody:
    """Hears nothing: a trial is no service."""

    def triton_up(self, *, up: bool) -> None:
        """Pass over."""

    def triton_restarted(self) -> None:
        """Pass over."""
