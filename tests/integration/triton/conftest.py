"""A real Triton for tests: its environment, a repository with the starter, and a running server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from exporter.spec import STARTER_DIRECTORY
from exporter.triton.errors import ServerEnvironmentError
from exporter.triton.options import ServingOptions
from exporter.triton.repository import publish
from exporter.triton.server_environment import read_environment
from server.arrays import UInt8Array
from server.encoders.embedded import EmbeddedEncoder
from server.encoders.managed_command import environment_command
from server.encoders.managed_ports import free_port
from server.encoders.managed_triton import ManagedOptions, ManagedTriton
from server.encoders.triton import TritonEncoder, TritonOptions
from tests.server.encoders.managed_parts import Heard

ENVIRONMENT = Path(__file__).parents[3] / ".venv-triton"
TEXTS = ("red running shoes", "红色的杯子", "a lamp to read by", "mug")

Manage = Callable[..., ManagedTriton]
Connect = Callable[..., TritonEncoder]


@pytest.fixture(scope="session")
def triton_environment() -> Path:
    """The environment that `make triton` builds; skips the test where it is absent."""
    try:
        read_environment(ENVIRONMENT)
    except ServerEnvironmentError as error:
        pytest.skip(f"needs a Triton: {error}")
    return ENVIRONMENT


@pytest.fixture(scope="session")
def published_starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds the starter for the Python backend; to be read alone."""
    repository = tmp_path_factory.mktemp("published") / "models"
    # What waits longer in Triton's own queue is refused; a machine that stands still is no reason.
    options = ServingOptions(runtime="python", queue_timeout_microseconds=60_000_000)
    publish(STARTER_DIRECTORY, repository, options=options)
    return repository


@pytest.fixture(scope="session")
def twin() -> Iterator[EmbeddedEncoder]:
    """The same towers in this process."""
    encoder = EmbeddedEncoder(STARTER_DIRECTORY, threads=1)
    yield encoder
    encoder.close()


@pytest.fixture(scope="session")
def pixels(twin: EmbeddedEncoder) -> UInt8Array:
    """Three prepared pictures of noise."""
    tower = twin.manifest.image
    assert tower is not None
    shape = (3, tower.height, tower.width, 3)
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


@pytest.fixture
def manage(triton_environment: Path, published_starter: Path, tmp_path: Path) -> Iterator[Manage]:
    """Start a managed Triton over a repository, the starter's if none is named."""
    with ExitStack() as closing:

        def start(
            *,
            repository: Path = published_starter,
            heard: Heard | None = None,
            check_seconds: float = 3.0,
            choose_port: Callable[[], int] = free_port,
        ) -> ManagedTriton:
            command = environment_command(
                triton_environment, repository=repository, surroundings=os.environ
            )
            triton = ManagedTriton(
                command,
                folder=tmp_path / "triton",
                observer=heard or Heard(),
                options=ManagedOptions(ready_seconds=120.0, check_seconds=check_seconds),
                choose_port=choose_port,
            )
            return closing.enter_context(triton)

        yield start


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Open the starter on the Triton at an address; closed with the test."""
    with ExitStack() as closing:

        def to(address: str) -> TritonEncoder:
            encoder = TritonEncoder(STARTER_DIRECTORY, options=TritonOptions(address=address))
            closing.callback(encoder.close)
            return encoder

        yield to
