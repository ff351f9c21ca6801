"""The pages point at what is there and show commands that exist."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from benchmarks.commands.app import imported
from server.cli import COMMANDS, build_cli

ROOT = Path(__file__).parents[1]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *(
        ROOT / page
        for page in ("deploy/README.md", "deploy/triton/README.md", "benchmarks/README.md")
    ),
]
CODE_BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GLOBAL_OPTIONS = {"--debug", "--help"}


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def shown_commands(page: Path) -> list[str]:
    """Return the `omnishelf` and `make` commands of a page, from code blocks and from its lines."""
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(CODE_BLOCK.findall(text)).replace("\\\n", " ")
    lines = [line.split("  #")[0].strip() for line in blocks.splitlines()]
    inline = re.findall(r"`((?:omnishelf|make) [^`]+)`", CODE_BLOCK.sub("", text))
    return [line for line in (*lines, *inline) if line.startswith(("omnishelf ", "make "))]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [
        target for target in targets if "://" not in target and not (page.parent / target).exists()
    ]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_shown_commands_exist(page: Path) -> None:
    tasks = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in shown_commands(page):
        program, command, *rest = shlex.split(line)
        if program == "make":
            assert command in tasks, line
        else:
            assert command in COMMANDS, line
            assert options_shown(rest) <= options_known(command, rest) | GLOBAL_OPTIONS, line


def options_shown(words: list[str]) -> set[str]:
    return {word.split("=")[0] for word in words if word.startswith("--")}


def options_known(command: str, words: list[str]) -> set[str]:
    """Return the options of a command, or of the subcommand that `words` begin with."""
    if command == "bench":  # whose commands are imported when they are called
        found = get_command(imported(words[0]))
        return {option for parameter in found.params for option in parameter.opts}
    found = get_command(build_cli(command)).commands[command]  # type: ignore[attr-defined]
    while subcommands := getattr(found, "commands", None):
        found, words = subcommands[words[0]], words[1:]
    return {option for parameter in found.params for option in parameter.opts}


def test_readme_is_one_page() -> None:
    assert (ROOT / "README.md").read_text(encoding="utf-8").count("\n") <= 90


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_changelog_has_this_version() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"$', project, re.MULTILINE)
    assert version is not None
    assert f"\n## {version[1]} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    compose = (ROOT / "deploy/compose.yaml").read_text(encoding="utf-8")
    assert f"image: omnishelf:{version[1]}\n" in compose
