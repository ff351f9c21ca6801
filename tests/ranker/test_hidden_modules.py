"""What is hidden cannot be imported, and everything is as before afterwards."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from ranker.hidden_modules import hidden


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a module inside it that nobody has imported."""
    name = "installed_for_this_test"
    package = tmp_path / name
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inside.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    return name


@pytest.mark.parametrize("inside", ["", ".inside"])
def test_what_is_hidden_and_what_is_in_it_cannot_be_imported(installed: str, inside: str) -> None:
    with hidden(installed), pytest.raises(ModuleNotFoundError):
        importlib.import_module(installed + inside)


def test_afterwards_it_can(installed: str) -> None:
    with hidden(installed):
        pass
    assert installed not in sys.modules
    try:
        assert importlib.import_module(installed).__name__ == installed
    finally:
        del sys.modules[installed]


def test_what_is_imported_already_stays(installed: str) -> None:
    before = importlib.import_module(installed)
    try:
        with hidden(installed):
            assert importlib.import_module(installed) is before
        assert sys.modules[installed] is before
    finally:
        del sys.modules[installed]


def test_a_failed_import_hides_nothing_for_good(installed: str) -> None:
    with pytest.raises(ZeroDivisionError), hidden(installed, "absent_from_everywhere"):
        raise ZeroDivisionError
    assert not {installed, "absent_from_everywhere"} & sys.modules.keys()


@pytest.mark.parametrize(
    ("door", "spared"),
    [
        ("ranker.plain_lightgbm", {"dask", "matplotlib", "pandas", "polars", "pyarrow", "sklearn"}),
        ("server.retrieval.lean_pymilvus", {"bottleneck", "matplotlib", "numexpr", "pyarrow"}),
    ],
)
def test_the_doors_import_without_what_they_spare(door: str, spared: set[str]) -> None:
    # In a process of its own: this one may have imported them already.
    script = f"import sys, {door}; print(sorted({spared!r} & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
