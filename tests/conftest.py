"""Fixtures that any test may ask for, and examples that a machine standing still does not fail."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from server.encoders.managed_ports import free_port as port_below_clients

# Its default fails an example that takes 200 ms, which says nothing of what is tested.
settings.register_profile(
    "patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")

SHARED_DATASETS = Path(__file__).parents[1] / "../shared/datasets"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undo what a test's command did to logging: its stream ends with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def shared_datasets() -> Path:
    """Return the folder of real shops and photos; skip the test where there is none."""
    if not SHARED_DATASETS.is_dir():
        pytest.skip("needs the shared data: ../shared/datasets beside the repository")
    return SHARED_DATASETS.resolve()


@pytest.fixture
def free_port() -> int:
    """Return a TCP port of this machine that nothing listened on a moment ago.

    The system gives it to nobody: tests in other processes do not take it meanwhile.
    """
    return port_below_clients()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Return a TCP port of this machine that refuses connections for as long as the test lasts."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and never listens
        port: int = held.getsockname()[1]
        yield port
