from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from server.errors import AlreadyInUse, FailedPrecondition
from server.retrieval.embedded_engine import EmbeddedEngine

OWNER = """
import sys, time
from pathlib import Path
from server.retrieval.embedded_engine import EmbeddedEngine

engine = EmbeddedEngine(Path(sys.argv[1]))
print(engine.address, flush=True)
time.sleep(600)
"""


def _engines_on(file: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(file) in (process.info["cmdline"] or ()) and "milvus" in process.info["cmdline"][0]
    ]


def _socket(engine_address: str) -> Path:
    return Path(engine_address.removeprefix("unix:"))


def test_it_runs_until_it_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "vectors.db"
    engine = EmbeddedEngine(file)
    assert engine.running()
    assert _socket(engine.address).exists()
    (process,) = _engines_on(file)
    with pytest.raises(AlreadyInUse) as caught:
        EmbeddedEngine(file)
    assert caught.value.reason == "INDEX_FILE_IN_USE"
    engine.close()
    engine.close()
    assert not engine.running()
    assert not process.is_running()
    assert not _socket(engine.address).parent.exists()
    again = EmbeddedEngine(file)
    assert again.running()
    again.close()


def test_that_it_died_is_known(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path / "vectors.db")
    (process,) = _engines_on(tmp_path / "vectors.db")
    process.kill()
    psutil.wait_procs([process], timeout=30)
    assert not engine.running()
    engine.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_a_killed_owner_left_is_ended_before_the_next_begins(tmp_path: Path) -> None:
    file = tmp_path / "vectors.db"
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(file)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout
        left = _socket(owner.stdout.readline().strip())
        (orphan,) = _engines_on(file)
        # Stopped, it cannot see that its owner's lock is free.
        orphan.send_signal(signal.SIGSTOP)
        owner.kill()
        owner.wait()
    engine = EmbeddedEngine(file)
    (process,) = _engines_on(file)
    assert process.pid != orphan.pid
    assert not left.parent.exists()
    engine.close()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder/vectors.db", "INDEX_FOLDER_MISSING"),
        (f"{'a' * 34}.db", "INDEX_FILE_NAME"),
        ("vectors+.db", "INDEX_FILE_NAME"),
    ],
)
def test_a_file_that_will_not_do(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(FailedPrecondition) as caught:
        EmbeddedEngine(tmp_path / name)
    assert caught.value.reason == reason
