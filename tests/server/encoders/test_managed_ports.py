"""Ports for a managed Triton: free, and out of the way of clients."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from server.encoders import managed_ports
from server.encoders.managed_ports import free_port, is_free
from server.errors import AlreadyInUse


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    port = free_port()
    assert is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
    assert is_free(port)


@pytest.mark.parametrize(
    ("written", "below"), [("30000\t60999\n", 30_000), ("1024 65535\n", 32_768), ("", 32_768)]
)
def test_it_lies_below_what_clients_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, below: int
) -> None:
    file = tmp_path / "ip_local_port_range"
    file.write_text(written, "ascii")
    monkeypatch.setattr(managed_ports, "_EPHEMERAL", file)
    asked: list[int] = []

    def never_free(port: int) -> bool:
        asked.append(port)
        return False

    monkeypatch.setattr(managed_ports, "is_free", never_free)
    with pytest.raises(AlreadyInUse, match=f"between 20000 and {below}"):
        free_port()
    assert len(asked) == 50
    assert all(20_000 <= port < below for port in asked)


def test_none_free_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managed_ports, "is_free", lambda _port: False)
    with pytest.raises(AlreadyInUse, match="--triton") as caught:
        free_port()
    assert caught.value.reason == "TRITON_PORT"
