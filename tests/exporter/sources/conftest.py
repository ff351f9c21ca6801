"""Small models on disk, written once a run; a test that changes one changes a copy."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the directory of a small model by its name: clip, siglip, siglip2, chinese_clip."""
    from tests.exporter.sources import small_models  # noqa: PLC0415 - needs torch

    written: dict[str, Path] = {}

    def model(name: str) -> Path:
        if name not in written:
            write = getattr(small_models, f"small_{name}")
            written[name] = write(tmp_path_factory.mktemp("models") / name)
        return written[name]

    return model


@pytest.fixture
def copies(models: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """Give a copy of a small model that the test may change."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(models(name), tmp_path / name))

    return copy
