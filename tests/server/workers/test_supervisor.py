from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from prometheus_client.core import Metric

from server.address import announced_address
from server.errors import (
    AlreadyInUse,
    FailedPrecondition,
    InvalidRequest,
    OmnishelfError,
    Unavailable,
)
from server.settings import Settings, load_settings
from server.workers import worker_process
from server.workers.supervisor import Supervisor
from server.workload.reading import WorkloadReader

STUB = Path(__file__).with_name("stub_worker.py")
SUPERVISING = """
import sys, threading
from server.settings import load_settings
from server.workers import worker_process
from server.workers.supervisor import Supervisor

worker_process.PROGRAM[:] = [sys.argv[2]]
settings = load_settings(flags={
    "data": sys.argv[1], "server.port": 0, "server.processes": 2,
    "retrieval.uri": "http://localhost:1",
})
with Supervisor(settings) as supervisor:
    print(supervisor.start(threading.Event()), flush=True)
    supervisor.keep(threading.Event())
"""

LOADING = """
import sys
import server.commands.serve, server.workers.supervisor
heavy = "grpc lightgbm numpy onnxruntime pandas pymilvus server.app sqlalchemy".split()
print([name for name in heavy if name in sys.modules])
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="groups need Linux")


@pytest.fixture(autouse=True)
def stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "PROGRAM", [str(STUB)])


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    def make(**flags: object) -> Settings:
        given = {"data": tmp_path, "server.port": 0, "server.processes": 2, **flags}
        return load_settings(flags={"retrieval.uri": "http://localhost:1", **given})

    return make


@pytest.fixture
def supervisor(settings: Callable[..., Settings]) -> Iterator[Supervisor]:
    with Supervisor(settings()) as supervisor:
        yield supervisor


def _children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and str(STUB) in child.cmdline()
    ]


def _until(so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not so():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def kept(supervisor: Supervisor) -> Iterator[Supervisor]:
    """A supervisor that has started, and keeps its workers in a thread."""
    stop = threading.Event()
    started = supervisor.start(stop)
    assert started is not None
    failures: list[OmnishelfError] = []

    def keep() -> None:
        try:
            supervisor.keep(stop)
        except OmnishelfError as error:
            failures.append(error)

    keeping = threading.Thread(target=keep, daemon=True)
    keeping.start()
    yield supervisor
    stop.set()
    keeping.join()
    assert not failures


def test_a_supervisor_loads_nothing_that_serves() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", LOADING], capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "[]\n"


def test_all_answer_and_all_end(supervisor: Supervisor, tmp_path: Path) -> None:
    holding, address = supervisor.start(threading.Event()) or ("", "")
    workers = _children()
    assert len(workers) == 2
    assert holding in [f"nothing, in process {each.pid}" for each in workers]
    assert announced_address(tmp_path / "server.address") == address
    supervisor.close()
    assert not any(each.is_running() for each in workers)
    assert announced_address(tmp_path / "server.address") is None


def test_who_is_asked_to_stop_while_it_starts_has_not_started(supervisor: Supervisor) -> None:
    stop = threading.Event()
    stop.set()
    assert supervisor.start(stop) is None


def test_a_worker_that_dies_is_started_again(kept: Supervisor) -> None:
    first, second = _children()
    first.kill()
    _until(lambda: len({each.pid for each in _children()} - {first.pid}) == 2)
    assert second.is_running()


def test_workers_that_all_die_at_once_answer_again(kept: Supervisor) -> None:
    dead = _children()
    for each in dead:
        each.kill()

    def answering() -> int:
        workers = list(kept._group._workers.values())
        new = [each for each in workers if each.process_id not in {one.pid for one in dead}]
        return sum(each.standing is worker_process.Standing.LISTENING for each in new)

    _until(lambda: answering() == 2)


def test_what_workers_were_asked_is_recorded_to_their_end(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    path = tmp_path / "shop.jsonl"
    with Supervisor(settings(**{"server.record": path})) as supervisor:
        supervisor.start(threading.Event())
    assert WorkloadReader(path=path).check() == 2
    counted = {each.name: each.samples[0].value for each in supervisor._group.metrics.own()}
    assert counted == {"omnishelf_workload_recorded": 2, "omnishelf_workload_dropped": 0}


def test_what_is_no_recording_is_refused_before_any_worker_starts(
    settings: Callable[..., Settings], tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("milk\n")
    with Supervisor(settings(**{"server.record": path})) as supervisor:
        with pytest.raises(InvalidRequest, match="must be a header"):
            supervisor.start(threading.Event())
        assert not _children()


def test_what_a_dead_worker_counted_stays(
    settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.workers.group._SCRAPE_SECONDS", 60.0)
    with Supervisor(settings()) as supervisor:
        supervisor.start(threading.Event())
        group = supervisor._group

        def calls() -> float:
            asking = threading.Thread(target=lambda: found.extend(group.metrics.collect()))
            found: list[Metric] = []
            asking.start()
            while asking.is_alive():
                group.look()
            return sum(sample.value for family in found for sample in family.samples)

        assert calls() == 1 + 2
        number_one = group._workers[1]
        os.kill(number_one.process_id, signal.SIGKILL)
        _until(lambda: group.look() == [number_one])
        assert calls() == 1 + 2
        group.spawn(1)
        _until(lambda: not group.look() and group.all_are(worker_process.Standing.LISTENING))
        assert calls() == 1 + 2 + 2


def test_workers_that_die_again_and_again_end_the_group(supervisor: Supervisor) -> None:
    stop = threading.Event()
    supervisor.start(stop)
    supervisor._restarts.died = lambda at_seconds: None  # type: ignore[method-assign]
    _children()[0].kill()
    with pytest.raises(Unavailable) as caught:
        supervisor.keep(stop)
    assert caught.value.reason == "WORKERS_DIE"


@pytest.mark.parametrize(
    ("host", "error", "says"),
    [
        ("127.0.0.2", Unavailable, "ended with code 7 before it served"),
        ("::1", FailedPrecondition, "the store is damaged"),
    ],
)
def test_a_worker_that_cannot_start_says_why(
    settings: Callable[..., Settings], host: str, error: type[OmnishelfError], says: str
) -> None:
    with Supervisor(settings(**{"server.host": host})) as supervisor:
        with pytest.raises(error, match=says) as caught:
            supervisor.start(threading.Event())
        assert caught.value.reason == "WORKER_NOT_STARTED"
    assert not _children()


def test_two_groups_do_not_share_a_port(
    supervisor: Supervisor, settings: Callable[..., Settings]
) -> None:
    _, address = supervisor.start(threading.Event()) or ("", "")
    port = int(address.rpartition(":")[2])
    with Supervisor(settings(**{"server.port": port})) as second, pytest.raises(AlreadyInUse):
        second.start(threading.Event())


def test_with_a_killed_supervisor_its_workers_end(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISING, str(tmp_path), str(STUB)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert b"nothing, in process" in process.stdout.readline()
        workers = psutil.Process(process.pid).children()
        assert len(workers) == 2
        process.kill()
    _until(lambda: not any(each.is_running() for each in workers))
