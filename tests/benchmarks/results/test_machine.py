"""What names a machine: what it can do, never whose it is."""

import getpass
import os
import platform
from pathlib import Path

import pytest

from benchmarks.results import machine as named
from benchmarks.results.machine import machine, quota_cores, versions


def test_a_machine_is_named_by_what_it_can_do() -> None:
    found = machine()
    assert list(found) == ["processor", "cores", "memory_gb", "system", "python"]
    assert all(found.values())
    assert 0 < float(found["cores"]) <= (os.cpu_count() or 1)
    assert int(found["memory_gb"]) > 0
    assert found["python"] == platform.python_version()


def test_nobody_is_named() -> None:
    said = " ".join([*machine().values(), *versions().values()])
    assert "/" not in said.replace(machine()["processor"], "")
    assert platform.node() not in said.split()
    assert getpass.getuser() not in said.split()


@pytest.mark.parametrize(
    ("text", "cores"), [("200000 100000\n", 2.0), ("max 100000", None), ("1 0", None), ("x", None)]
)
def test_a_container_s_share_of_the_cores(text: str, cores: float | None) -> None:
    assert quota_cores(text) == cores


def test_limits_of_a_container_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpu.max").write_text("50000 100000")
    (tmp_path / "memory.max").write_text("2000000000")
    (tmp_path / "cpuinfo").write_text("processor: 0\nmodel name\t: A  processor\n")
    for name, file in (
        ("CPU_LIMIT", "cpu.max"),
        ("MEMORY_LIMIT", "memory.max"),
        ("CPU_INFO", "cpuinfo"),
    ):
        monkeypatch.setattr(named, f"_{name}", tmp_path / file)
    found = machine()
    assert (found["cores"], found["memory_gb"], found["processor"]) == ("0.5", "2", "A processor")


def test_versions_are_of_what_is_installed() -> None:
    found = versions()
    assert found["omnishelf"]
    assert set(found) <= set(named.PACKAGES)
