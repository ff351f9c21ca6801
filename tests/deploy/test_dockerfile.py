"""The image copies what is there, runs as nobody in particular, and carries no torch."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text().replace("\\\n", " ")
IGNORED = (ROOT / "deploy/Dockerfile.dockerignore").read_text().splitlines()
COPIED = [
    source
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    for source in sources.split()
]


@pytest.mark.parametrize("source", COPIED)
def test_what_is_copied_is_there_and_sent_to_the_builder(source: str) -> None:
    assert (ROOT / source).exists()
    kept = [line.removeprefix("!") for line in IGNORED if line.startswith("!")]
    assert source in kept


def test_nothing_else_is_sent_to_the_builder() -> None:
    kept = [line.removeprefix("!") for line in IGNORED if line.startswith("!")]
    assert set(kept) == set(COPIED)
    assert any(fnmatch("server/__pycache__", line) for line in IGNORED)


def test_every_package_of_the_wheel_is_copied() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    packages = re.search(r"^packages = \[(.+)\]$", project, re.MULTILINE)
    assert packages is not None
    for package in re.findall(r'"(.+?)"', packages[1]):
        assert any(package == source or package.startswith(f"{source}/") for source in COPIED)


def test_base_images_are_pinned() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base) for base in bases)


def test_the_server_is_not_root() -> None:
    user = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)[-1]
    assert user == "10001:10001"


def test_packages_come_from_the_lock_with_hashes() -> None:
    installs = re.findall(r"pip install [^\n]+", DOCKERFILE)
    assert any("--require-hashes" in line and "requirements/base.txt" in line for line in installs)
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
