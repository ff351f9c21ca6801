"""How the Triton of an environment is started for a server of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from exporter.triton.errors import ServerEnvironmentError
from exporter.triton.server_environment import Command, read_environment, server_command
from server.encoders.managed_triton import TritonCommand
from server.errors import FailedPrecondition


def environment_command(
    environment: Path, *, repository: Path, surroundings: Mapping[str, str]
) -> TritonCommand:
    """Start the Triton of ``environment`` over ``repository``, at first without any model.

    ``surroundings`` are this process's variables, of which Triton is given the few that choose
    devices, threads and temporary files.

    Raises:
        FailedPrecondition: ``TRITON_ENVIRONMENT``: there is no Triton in ``environment``.
    """
    try:
        read_environment(environment)
    except ServerEnvironmentError as error:
        raise FailedPrecondition(
            f"{error}, or name another with triton.environment, or serve with --encoder embedded",
            reason=error.reason,
        ) from error
    return partial(_command, environment, repository, surroundings)


def _command(
    environment: Path,
    repository: Path,
    surroundings: Mapping[str, str],
    *,
    grpc_port: int,
    region_prefix: str,
) -> Command:
    command = server_command(
        environment,
        repository=repository,
        grpc_port=grpc_port,
        models=(),
        surroundings=surroundings,
    )
    regions = f"--backend-config=python,shm-region-prefix-name={region_prefix}"
    return replace(command, argv=(*command.argv, regions))
