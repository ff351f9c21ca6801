"""The trial: a child process dies or dawdles in this one's place."""

import time
from pathlib import Path

import numpy as np
import pytest

from ranker import trial
from ranker.trial import try_in_child

ANSWER = 'print("note [1]\\n\\nlightgbm [0.5, 1.5]", flush=True)\n'


def child(folder: Path, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have another program be the child process."""
    (folder / "program.py").write_text(program, encoding="utf-8")
    monkeypatch.setattr(trial, "PROBE", folder / "program.py")


def test_a_model_that_is_none_ends_the_child() -> None:
    with pytest.raises(ValueError, match=r"ended with code"):
        try_in_child("tree\nversion=v4\n", onnx=None, matrix=[[0.0]])


def test_reads_the_scores_among_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child(tmp_path, ANSWER, monkeypatch)
    tried = try_in_child("model", onnx=None, matrix=[])
    np.testing.assert_array_equal(tried.scores, np.array([0.5, 1.5], dtype=np.float32))
    assert tried.onnx_refused == ""


def test_an_onnx_model_that_ends_the_child_is_refused_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child(tmp_path, ANSWER + "import os\nos.abort()\n", monkeypatch)
    tried = try_in_child("model", onnx=b"onnx", matrix=[])
    assert tried.scores.tolist() == [0.5, 1.5]
    assert tried.onnx_refused == "the process that ran its ONNX model ended with code -6"


def test_says_that_no_process_could_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(ValueError, match=r"no process could be started"):
        try_in_child("model", onnx=None, matrix=[])


def test_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child(tmp_path, "import time\ntime.sleep(60)\n", monkeypatch)
    started = time.monotonic()
    with pytest.raises(ValueError, match=r"more than 0\.2 s"):
        try_in_child("model", onnx=None, matrix=[], timeout_seconds=0.2)
    assert time.monotonic() - started < 30
