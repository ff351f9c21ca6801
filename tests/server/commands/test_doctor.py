"""`omnishelf doctor`: every check, and what it says where something does not work."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from exporter.spec import STARTER_DIRECTORY
from server.address import announced
from server.cli import main
from server.health import parts, software
from server.health.check import Check, State
from server.settings import Settings, load_settings


def settings(tmp_path: Path, **flags: object) -> Settings:
    return load_settings(flags={"data": tmp_path / "data", "server.port": 0} | flags)


def test_every_check_is_printed_and_the_exit_code_is_theirs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--data", str(tmp_path), "--port", "0", "--json"])
    checks = json.loads(capsys.readouterr().out)
    assert [check["name"] for check in checks] == [
        "python",
        "packages",
        "onnxruntime",
        "encoder bundle",
        "ranker",
        "vector engine",
        "data directory",
        "port",
        "exporter extra",
        "triton",
    ]
    failed = [check for check in checks if check["state"] == "failed"]
    assert left.value.code == (1 if failed else 0)
    assert all(check["remedy"] for check in failed)


def test_the_table_has_a_line_a_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["doctor", "--data", str(tmp_path), "--port", "0"])
    printed = capsys.readouterr().out
    assert "vector engine" in printed
    assert "Ready" in printed or "to mend" in printed


@pytest.mark.parametrize(
    "probe", [software.python_version, software.packages, software.inference_runtime]
)
def test_software_of_this_machine_passes(probe: Callable[[], Check]) -> None:
    assert probe().state is State.OK


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        metadata, "requires", lambda _: ["numpy>=1", "nowhere>=2; python_version > '3'",
                                         "torch; extra == 'exporter'"]
    )  # fmt: skip
    check = software.packages()
    assert check.state is State.FAILED
    assert "without nowhere" in check.found
    assert "torch" not in check.found


def test_old_python_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "LEAST_PYTHON", (99, 0))
    assert software.python_version().state is State.FAILED


def test_the_shipped_bundle_and_engine_pass(tmp_path: Path) -> None:
    assert parts.bundle(settings(tmp_path)).state is State.OK
    assert parts.engine(settings(tmp_path)).state is State.OK


def test_a_changed_bundle_fails(tmp_path: Path) -> None:
    changed = tmp_path / "bundle"
    shutil.copytree(STARTER_DIRECTORY, changed)
    (changed / "text_en.onnx").write_bytes(b"changed")
    check = parts.bundle(settings(tmp_path, **{"encoder.bundle": changed}))
    assert check.state is State.FAILED
    assert "text_en.onnx" in check.found


def test_a_data_directory_that_cannot_be_made_fails(tmp_path: Path) -> None:
    assert parts.data_directory(settings(tmp_path)).state is State.OK
    (tmp_path / "data").write_text("a file stands in the way")
    assert parts.data_directory(settings(tmp_path)).state is State.FAILED


def test_a_taken_port_fails_unless_it_is_our_own_server(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        given = settings(tmp_path, **{"server.port": port})
        assert parts.port(given).state is State.FAILED
        with announced(given.address_file, f"127.0.0.1:{port}"):
            assert parts.port(given).state is State.OK
    assert parts.port(given).state is State.OK
