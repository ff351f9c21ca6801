"""The doctor's check of the Triton that the settings name; a real one is asked elsewhere."""

from __future__ import annotations

from pathlib import Path

from server.health.check import State
from server.health.software import triton as installed
from server.health.triton_parts import triton
from server.settings import Settings, load_settings


def settings(tmp_path: Path, **flags: object) -> Settings:
    return load_settings(flags={"data": tmp_path} | flags)


def test_where_towers_run_here_it_is_what_is_installed(tmp_path: Path) -> None:
    assert triton(settings(tmp_path)) == installed()


def test_nobody_at_the_address(tmp_path: Path, silent_port: int) -> None:
    address = f"127.0.0.1:{silent_port}"
    check = triton(settings(tmp_path, **{"encoder.kind": "triton", "triton.address": address}))
    assert check.state is State.FAILED
    assert "TRITON_UNREACHABLE" in check.found
    assert address in check.found
    assert "embedded" in check.remedy


def test_no_environment_to_manage(tmp_path: Path) -> None:
    check = triton(
        settings(
            tmp_path,
            **{
                "encoder.kind": "triton",
                "triton.managed": True,
                "triton.environment": tmp_path / "none",
            },
        )
    )
    assert check.state is State.FAILED
    assert "TRITON_ENVIRONMENT" in check.found
    assert "make triton" in check.found
