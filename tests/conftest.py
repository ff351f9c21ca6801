"""Fixtures that any test may ask for."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

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
    """Return a TCP port of this machine that nothing listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
