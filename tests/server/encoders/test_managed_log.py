"""The log of a managed Triton: what is quoted of it, and when it is put aside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server.encoders import managed_log
from server.encoders.managed_log import TritonLog


def written(log: TritonLog, text: str) -> None:
    """What one run writes."""
    descriptor = log.begin()
    os.write(descriptor, text.encode())
    os.close(descriptor)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", "nothing"),
        ("\n \n+----+\n| a |\n", "nothing"),
        ("one\n\n+----+\n  two  \n", "one | two"),
        ("1\n2\n3\n4\n5\n", "2 | 3 | 4 | 5"),
        ("é" * 300, "é" * 240),
    ],
)
def test_the_last_telling_lines_are_quoted(tmp_path: Path, text: str, quoted: str) -> None:
    log = TritonLog(tmp_path / "triton.log")
    written(log, text)
    assert log.last_lines() == quoted


def test_only_the_last_run_is_quoted_and_every_run_is_kept(tmp_path: Path) -> None:
    log = TritonLog(tmp_path / "triton.log")
    written(log, "first run\n")
    written(log, "second run\n")
    assert log.last_lines() == "second run"
    written(log, "")
    assert log.last_lines() == "nothing"
    assert log.path.read_text("utf-8") == "first run\nsecond run\n"


def test_a_long_file_is_put_aside_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managed_log, "MOST_BYTES", 10)
    log = TritonLog(tmp_path / "triton.log")
    log.rotate()
    written(log, "ten bytes.")
    log.rotate()
    assert log.path.stat().st_size == 10
    written(log, "more")
    log.rotate()
    assert not log.path.exists()
    assert (tmp_path / "triton.log.1").read_text("utf-8") == "ten bytes.more"
