"""A trained version for the commands that take one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ranker import registry
from tests.ranker.conftest import taught_ranker


@pytest.fixture(scope="session")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a small version."""
    directory = tmp_path_factory.mktemp("versions") / "taught"
    registry.save(directory, taught_ranker(), provenance={})
    return directory
