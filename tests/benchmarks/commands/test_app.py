"""`omnishelf bench` finds its commands, and says what to install for them."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.commands import app
from server.cli import main

ROOT = Path(__file__).parents[3]


def bench(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as left:
        main(["bench", *arguments])
    return left.value.code


def test_every_command_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("--help") == 0
    said = capsys.readouterr().out
    assert all(name in said for name in app.COMMANDS)


@pytest.mark.parametrize("name", ["run", "sweep", "compare"])
def test_help_of_a_command_is_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(name, "--help") == 0
    said = capsys.readouterr().out
    assert f"omnishelf bench {name}" in said
    assert "--json" in said


def test_a_wrong_option_leaves_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("run", "--no-such-option") == 2
    assert "--no-such-option" in capsys.readouterr().err


def test_an_unknown_command_leaves_with_2() -> None:
    assert bench("walk") == 2


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name="psutil")

    monkeypatch.setattr(app, "import_module", missing)
    assert bench("run") == 2
    assert "pip install 'omnishelf[bench]'" in capsys.readouterr().err


def test_a_module_of_ours_that_is_missing_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name="benchmarks.gone")

    monkeypatch.setattr(app, "import_module", missing)
    with pytest.raises(ModuleNotFoundError):
        app.imported("run")


def test_the_list_of_commands_needs_no_extra() -> None:
    extra = ", ".join(repr(name) for name in sorted(app.EXTRA))
    script = (
        "import sys; from server.cli import build_cli; build_cli('bench'); "
        f"sys.exit(bool({{{extra}}} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert finished.returncode == 0


def test_every_command_is_there() -> None:
    for name, command in app.COMMANDS.items():
        path = ROOT / (command.module.replace(".", "/") + ".py")
        assert path.is_file(), name
    assert importlib.import_module("benchmarks.commands.run").run is not None
