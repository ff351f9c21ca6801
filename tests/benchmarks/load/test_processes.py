"""What real processes take."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.load.processes import (
    Watch,
    cores,
    ended,
    listeners,
    moment,
    others_between,
    resident_by_group,
    server_at,
    used_between,
)
from benchmarks.load.systems import connections_for

# Works until it is told to stop; so long that a machine with other work shows it too.
BUSY = "print(flush=True)\nwhile True: pass"
IDLE = "import sys; print(flush=True); sys.stdin.read()"


@contextmanager
def process(code: str, *, title: str = "python") -> Iterator[subprocess.Popen[bytes]]:
    """A Python process with another name in its command, which has begun with its code."""
    command, pipe = [title, "-c", code], subprocess.PIPE
    with subprocess.Popen(command, executable=sys.executable, stdin=pipe, stdout=pipe) as started:
        assert started.stdout is not None
        try:
            assert started.stdout.readline() == b"\n"
            yield started
        finally:
            started.kill()


def wait_for_work(pid: int) -> None:
    """Return when the process has worked for two tenths of a second."""
    start = moment(Watch(groups={"server": (pid,)})).cpu[pid]
    for _ in range(1_200):
        if moment(Watch(groups={"server": (pid,)})).cpu[pid] > start + 0.2:
            return
        time.sleep(0.05)
    pytest.fail("a busy process never worked")


def test_a_group_is_charged_for_its_processes() -> None:
    with process(BUSY) as busy, process(IDLE) as idle:
        watch = Watch(groups={"server": (busy.pid,), "client": (idle.pid,)})
        before = moment(watch)
        wait_for_work(busy.pid)
        after = moment(watch)
        used = used_between(before, after)
    assert used["server"].cpu_seconds >= 0.2
    assert used["client"].cpu_seconds < used["server"].cpu_seconds
    assert used["server"].resident_mb > 1


def test_engines_and_triton_are_counted_apart() -> None:
    with process(IDLE, title="milvus") as engine, process(IDLE, title="tritonserver") as triton:
        memory = resident_by_group(os.getpid(), group="server")
        assert {"server", "engine", "triton"} == memory.keys()
        assert memory["engine"] > 1
        assert not ended(Watch(groups={"server": (engine.pid, triton.pid)}))
    assert ended(Watch(groups={"server": (engine.pid, os.getpid())})) == [engine.pid]


def test_what_is_ours_is_no_disturbance() -> None:
    with process(BUSY) as busy:
        watch = Watch(ours=(busy.pid,))
        before = moment(watch)
        wait_for_work(busy.pid)
        after = moment(watch)
    # It is our child as well: with it, others took no more than all cores but what it took.
    taken = after.cpu[busy.pid] - before.cpu[busy.pid]
    whole = after.machine - before.machine
    assert taken >= 0.2
    assert others_between(before, after) <= whole - taken + 1e-6


def test_there_is_a_core() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_who_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert listeners(f"127.0.0.1:{port}") == (os.getpid(),)
        assert server_at(f"127.0.0.1:{port}") == os.getpid()
    assert listeners(f"127.0.0.1:{port}") == ()
    assert server_at(f"127.0.0.1:{port}") is None


WORKERS = """
import subprocess, sys
listen = (
    "import socket, sys; s = socket.socket(); "
    "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); "
    "s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(); print(1, flush=True); sys.stdin.read()"
)
workers = [
    subprocess.Popen(
        [sys.executable, "-c", listen, sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    for _ in range(2)
]
for worker in workers:
    worker.stdout.readline()
print("listening", flush=True)
sys.stdin.read()
for worker in workers:
    worker.communicate()
"""


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="no ports can be shared here")
def test_workers_that_share_a_port_are_of_one_server(free_port: int) -> None:
    command = [sys.executable, "-c", WORKERS, str(free_port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        address = f"127.0.0.1:{free_port}"
        assert len(listeners(address)) == 2
        assert server_at(address) == server.pid
        assert connections_for(address) == 8
        server.communicate()
    assert connections_for(address) == 1
