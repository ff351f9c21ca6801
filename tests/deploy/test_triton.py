"""Triton's environment is locked like the rest, and its page shows commands that exist."""

import re
import shlex
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from typer.core import TyperOption
from typer.main import get_command

from server.cli import build_cli

ROOT = Path(__file__).parents[2]
TRITON = ROOT / "deploy" / "triton"
PAGE = (TRITON / "README.md").read_text("utf-8")


def locked(lock: Path) -> dict[str, Requirement]:
    """Return what a lock file pins, by name."""
    lines = lock.read_text("utf-8").replace("\\\n", " ").splitlines()
    found = [Requirement(line.split(" --hash")[0]) for line in lines]
    return {requirement.name: requirement for requirement in found}


def version(lock: Path, name: str) -> str:
    return str(locked(lock)[name].specifier).removeprefix("==")


def test_everything_that_is_asked_for_is_locked_and_nothing_else() -> None:
    lines = (TRITON / "requirements.in").read_text("utf-8").splitlines()
    asked = {Requirement(line.split("  #")[0]).name for line in lines if not line.startswith("#")}
    assert set(locked(TRITON / "requirements.txt")) == asked


def test_every_pin_has_its_hashes_and_names_no_place() -> None:
    for line in (TRITON / "requirements.txt").read_text("utf-8").replace("\\\n", " ").splitlines():
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line
        assert "://" not in line


def test_numpy_is_one_that_triton_answers_with() -> None:
    assert Version(version(TRITON / "requirements.txt", "numpy")) < Version("2")


def test_the_library_that_runs_the_towers_is_the_servers() -> None:
    base = ROOT / "requirements" / "base.txt"
    name = "onnxruntime-gpu"
    assert version(TRITON / "requirements.txt", name) == version(base, name)


def parameters() -> dict[str, list[TyperOption]]:
    """Return what every subcommand of `omnishelf triton` can be given."""
    found = get_command(build_cli("triton")).commands["triton"].commands  # type: ignore[attr-defined]
    return {name: command.params for name, command in found.items()}


def shown() -> list[str]:
    blocks = "\n".join(re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    inline = re.findall(
        r"`(omnishelf [^`]+)`", re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    )
    lines = blocks.replace("\\\n", " ").splitlines()
    return [line for line in (*lines, *inline) if line.startswith("omnishelf triton ")]


def test_some_commands_are_shown() -> None:
    assert {line.split()[2] for line in shown()} == {"publish", "list", "unpublish", "config"}


@pytest.mark.parametrize("line", shown())
def test_a_shown_command_exists(line: str) -> None:
    _, _, name, *words = shlex.split(line)
    options = {word for word in words if word.startswith("--")}
    assert options <= {option for each in parameters()[name] for option in each.opts}


def test_every_option_has_its_row_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(--[a-z0-9-]+)` \| `?(\w+)`? \|", PAGE, re.MULTILINE))
    words = {"False": "off", "None": "none"}
    defaults = {
        option: words.get(str(each.default), str(each.default))
        for each in parameters()["publish"]
        for option in each.opts
        if option.startswith("--") and option not in {"--repository", "--runtime", "--json"}
    }
    assert rows == defaults


def test_the_page_is_one_page() -> None:
    assert PAGE.count("\n") <= 100


def test_the_page_names_the_image_of_the_compose_file() -> None:
    compose = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
    (release,) = re.findall(r"TRITON_IMAGE:-tritonserver:([\w.-]+)\}", compose)
    assert f"`TRITON_IMAGE` is NVIDIA's Triton server, {release}" in PAGE
