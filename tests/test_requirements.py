"""The lock files agree with the project and with each other, and name no place to fetch from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
HASHED = ("base", "dev")


def lines(lock: str) -> list[str]:
    """Return the logical lines of a lock file."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    return text.replace("\\\n", " ").splitlines()


def pins(lock: str) -> dict[tuple[str, str], str]:
    """Return the exact version of each package and marker in a lock file."""
    requirements = [Requirement(line.split(" --hash")[0]) for line in lines(lock)]
    return {
        (requirement.name, str(requirement.marker or "")): str(requirement.specifier)
        for requirement in requirements
    }


def locked_names(lock: str) -> set[str]:
    return {name for name, _ in pins(lock)}


def asked(requirements: list[str]) -> list[Requirement]:
    return [Requirement(requirement) for requirement in requirements]


def test_the_locks_are_these() -> None:
    assert [lock.stem for lock in LOCKS] == ["base", "dev", "exporter", "openclip"]


@pytest.mark.parametrize("lock", HASHED)
def test_every_package_has_one_version_and_its_hashes(lock: str) -> None:
    for line in lines(lock):
        assert re.match(r"[a-z0-9.-]+==\S+ ", line), line
        assert "--hash=sha256:" in line, line


@pytest.mark.parametrize("lock", [lock.stem for lock in LOCKS])
def test_no_lock_names_a_place_to_fetch_from(lock: str) -> None:
    for line in lines(lock):
        assert "://" not in line
        assert not re.search(r"(^|\s)(-i|-f|--index|--extra-index|--find-links)", line)
        assert " @ " not in line


def test_what_serves_is_locked_alike_for_developers() -> None:
    # What serves needs on some systems, developers may need on all.
    base, dev = pins("base"), pins("dev")
    for (name, marker), version in base.items():
        assert version in (dev.get((name, marker)), dev.get((name, "")))


def test_the_exporter_adds_to_what_developers_have() -> None:
    dev = pins("dev")
    for (name, _), version in pins("exporter").items():
        versions = {pinned for (each, _), pinned in dev.items() if each == name}
        assert not versions or version in versions


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("base", PROJECT["project"]["dependencies"]),
        ("base", PROJECT["build-system"]["requires"]),
        ("dev", PROJECT["project"]["optional-dependencies"]["dev"]),
        ("dev", PROJECT["project"]["optional-dependencies"]["bench"]),
        ("exporter", PROJECT["project"]["optional-dependencies"]["exporter"]),
    ],
)
def test_what_the_project_asks_for_is_locked(lock: str, requirements: list[str]) -> None:
    locked = pins(lock)
    for requirement in asked(requirements):
        versions = [
            version.removeprefix("==")
            for (name, _), version in locked.items()
            if name == requirement.name
        ]
        assert versions, f"{requirement.name} is not in {lock}.txt: run `make lock`"
        for version in versions:
            assert version in requirement.specifier, f"{requirement} is not {version}"


def test_torch_is_the_exporters_alone() -> None:
    assert "torch" in locked_names("exporter")
    for lock in HASHED:
        assert not locked_names(lock) & {"torch", "torchvision", "timm", "safetensors"}


def test_one_onnx_runtime_on_every_platform() -> None:
    markers = {name: marker for name, marker in pins("base") if name.startswith("onnxruntime")}
    assert markers == {
        "onnxruntime": 'platform_machine != "x86_64" or sys_platform != "linux"',
        "onnxruntime-gpu": 'platform_machine == "x86_64" and sys_platform == "linux"',
    }


def test_stubs_are_made_by_the_version_that_every_protobuf_accepts() -> None:
    assert pins("dev")["grpcio-tools", ""] == "==1.76.0"
    assert pins("dev")["mypy-protobuf", ""] == "==5.1.0"
