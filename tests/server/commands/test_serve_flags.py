"""Flags of `serve` that say where towers run: those that contradict each other are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from server import app
from server.cli import main
from server.errors import FailedPrecondition
from server.settings import EncoderKind, Settings


class Reached(FailedPrecondition):
    """The flags were taken; nothing needs to be served for this test."""


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that the app would be built from."""
    seen: list[Settings] = []

    def build(settings: Settings) -> None:
        seen.append(settings)
        raise Reached("far enough")

    monkeypatch.setattr(app, "build_app", build)
    return seen


def serve(tmp_path: Path, *flags: str) -> int:
    """The exit code."""
    with pytest.raises(SystemExit) as left:
        main(["serve", "--data", str(tmp_path / "data"), "--port", "0", *flags])
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.mark.parametrize(
    ("flags", "kind", "managed", "address"),
    [
        ("", EncoderKind.EMBEDDED, False, "127.0.0.1:8001"),
        ("--encoder triton", EncoderKind.TRITON, False, "127.0.0.1:8001"),
        ("--encoder triton --triton gpu:9", EncoderKind.TRITON, False, "gpu:9"),
        ("--encoder triton --managed-triton", EncoderKind.TRITON, True, "127.0.0.1:8001"),
    ],
)
def test_flags_become_settings(
    tmp_path: Path, taken: list[Settings], *, flags: str, kind: str, managed: bool, address: str
) -> None:
    serve(tmp_path, *flags.split())
    (settings,) = taken
    assert settings.encoder.kind is kind
    assert settings.triton.managed is managed
    assert settings.triton.address == address


@pytest.mark.parametrize(("flags", "managed"), [("", True), ("--triton gpu:9", False)])
def test_a_named_triton_outweighs_the_file(
    tmp_path: Path, taken: list[Settings], *, flags: str, managed: bool
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("encoder: {kind: triton}\ntriton: {managed: true}\n", "utf-8")
    serve(tmp_path, "--config", str(file), *flags.split())
    assert taken[0].triton.managed is managed


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--triton gpu:9", "add --encoder triton"),
        ("--managed-triton", "add --encoder triton"),
        ("--encoder embedded --triton gpu:9", "add --encoder triton"),
        ("--encoder triton --managed-triton --triton gpu:9", "leave one of them out"),
        ("--encoder triton --managed-triton --workers 2", "a Triton of its own"),
    ],
)
def test_contradictions_are_refused(
    tmp_path: Path,
    taken: list[Settings],
    capsys: pytest.CaptureFixture[str],
    flags: str,
    said: str,
) -> None:
    assert serve(tmp_path, *flags.split()) != 0
    assert said in " ".join(capsys.readouterr().err.split())
    assert not taken
