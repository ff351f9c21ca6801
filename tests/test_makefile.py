"""The tasks are listed, the set-up is skipped when it is done, and an old Python is refused."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TASKS = ("demo", "test", "check", "protos", "lock", "clean", "exporter")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT, env=CLEAN, check=False, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("task", TASKS)
def test_help_lists(task: str) -> None:
    listed = make("help").stdout
    assert f"make {task} " in listed


def test_help_is_the_default() -> None:
    assert make().stdout == make("help").stdout


def test_an_old_python_is_refused_with_a_remedy(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)

    refused = make("test", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")

    assert refused.returncode == 2
    assert "needs Python 3.11 or later" in refused.stderr
    assert "make PYTHON=" in refused.stderr
    assert not (tmp_path / "venv").exists()


def test_arguments_reach_the_command(tmp_path: Path) -> None:
    printed = make("--dry-run", "demo", "ARGS=--once", f"VENV={tmp_path}").stdout
    assert printed.splitlines()[-1] == f"{tmp_path}/bin/omnishelf demo --once"


@pytest.mark.parametrize(
    ("task", "locks"),
    [
        ("demo", ["base"]),
        ("test", ["base", "dev"]),
        ("exporter", ["base", "dev", "exporter"]),
    ],
)
def test_a_task_installs_no_more_than_it_needs(tmp_path: Path, task: str, locks: list[str]) -> None:
    printed = make("--dry-run", task, f"VENV={tmp_path}").stdout
    assert [line for line in ("base", "dev", "exporter") if f"/{line}.txt" in printed] == locks
