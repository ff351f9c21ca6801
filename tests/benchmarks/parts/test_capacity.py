"""Bare parts counted in processes of their own."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.parts.capacity import BareJobs, capacity, rate_of
from server.errors import Unavailable


def test_every_thread_does_jobs_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[int, set[int]] = {}
    lock = threading.Lock()
    enough = threading.Event()

    def job(number: int) -> None:
        with lock:
            seen.setdefault(threading.get_ident(), set()).add(number)
            if len(seen) == 2:
                enough.set()
        assert enough.wait(60)

    # Time passes once both have begun, however late the second does.
    clock = SimpleNamespace(perf_counter=lambda: float(enough.is_set()))
    monkeypatch.setattr("benchmarks.parts.capacity.time", clock)
    assert rate_of(job, threads=2, seconds=0.05) == 2.0
    one, other = seen.values()
    assert not one & other


def test_a_process_that_cannot_begin_is_said(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    jobs = BareJobs(
        bundle=tmp_path, ranker=tmp_path, milvus="", collection="", limit=1,
        texts=(), vectors=(), words=(), matrices=(),
    )  # fmt: skip
    with pytest.raises(Unavailable, match="did not start"), capacity(jobs, processes=1):
        pass
    assert "holds no manifest" in capfd.readouterr().err
