"""A managed Triton: started, watched, restarted, stopped, and never left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from exporter.triton.server_environment import Command
from server.deadline import Deadline
from server.encoders import managed_regions, managed_triton
from server.encoders.managed_pause import pause_seconds
from server.encoders.managed_ports import free_port
from server.encoders.managed_triton import ManagedOptions, ManagedTriton
from server.errors import AlreadyInUse, FailedPrecondition, Unavailable
from tests.server.encoders.managed_parts import Greeted, Heard, lives, stand_in, until

ROOT = Path(__file__).parents[3]
Start = Callable[..., ManagedTriton]


@pytest.fixture
def heard() -> Heard:
    """What the observer was told."""
    return Heard()


@pytest.fixture
def start(tmp_path: Path, heard: Heard) -> Iterator[Start]:
    """Start a stand-in that behaves as asked; stopped with the test."""
    with ExitStack() as closing:

        def started(*, check_seconds: float = 3.0, **how: object) -> ManagedTriton:
            options = ManagedOptions(
                ready_seconds=60.0, check_seconds=check_seconds, grace_seconds=0.3
            )
            triton = ManagedTriton(
                stand_in(**how), folder=tmp_path / "triton", observer=heard, options=options
            )
            return closing.enter_context(triton)

        yield started


def soon() -> Deadline:
    return Deadline.after(60.0)


def test_it_serves_once_the_answer_passes_and_leaves_nothing(start: Start, heard: Heard) -> None:
    triton = start()
    greeted = Greeted(triton)
    triton.serve("bundle", greeted, deadline=soon())
    (pid,) = greeted.pids
    assert lives(pid)
    assert heard.told == ["up"]
    triton.stop()
    assert not lives(pid)
    assert not lives(triton.keeper_pid)
    triton.stop()
    with pytest.raises(Unavailable, match="signal SIGTERM") as caught:
        triton.serve("bundle", greeted, deadline=soon())
    assert caught.value.reason == "TRITON_EXITED"


def test_what_ends_before_it_answers_is_quoted(start: Start, tmp_path: Path) -> None:
    triton = start(says="+--+\nfirst\n\nno such model\n", exits=3)
    with pytest.raises(Unavailable) as caught:
        triton.serve("bundle", Greeted(triton), deadline=soon())
    assert caught.value.reason == "TRITON_EXITED"
    assert "exit code 3" in caught.value.message
    assert "first | no such model;" in caught.value.message
    assert str(tmp_path / "triton" / "triton.log") in caught.value.message


def test_what_cannot_be_started_is_quoted(tmp_path: Path, heard: Heard) -> None:
    def nothing(*, grpc_port: int, region_prefix: str) -> Command:
        return Command(argv=("/nowhere/tritonserver",), env={})

    with ManagedTriton(nothing, folder=tmp_path, observer=heard) as triton:
        with pytest.raises(Unavailable, match="/nowhere/tritonserver cannot be started") as caught:
            triton.serve("bundle", Greeted(triton), deadline=soon())
        assert "exit code 127" in caught.value.message


def test_not_in_time(start: Start, tmp_path: Path) -> None:
    triton = start(silent=True, says="loading\n")
    log = tmp_path / "triton" / "triton.log"
    until(lambda: log.is_file() and "loading" in log.read_text("utf-8"))
    with pytest.raises(Unavailable, match="loading") as caught:
        triton.serve("bundle", Greeted(triton), deadline=Deadline.after(0.5))
    assert caught.value.reason == "TRITON_NOT_READY"


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("empty", reason="TRITON_WRONG_ANSWER"),
        FailedPrecondition("another", reason="TRITON_OTHER_BUNDLE"),
    ],
)
def test_what_waiting_does_not_mend_is_said_at_once(
    start: Start, error: Unavailable | FailedPrecondition
) -> None:
    asked = []

    def wrong(_deadline: Deadline) -> None:
        asked.append(1)
        raise error

    triton = start()
    with pytest.raises(type(error)) as caught:
        triton.serve("bundle", wrong, deadline=soon())
    assert caught.value is error
    assert asked == [1]


def test_killed_it_comes_back_with_everything_it_served(start: Start, heard: Heard) -> None:
    triton = start(check_seconds=60.0)
    address = triton.address
    kept, forgotten, second = Greeted(triton), Greeted(triton), Greeted(triton)
    for name, answer in (("a", kept), ("b", forgotten), ("c", second)):
        triton.serve(name, answer, deadline=soon())
    triton.forget("b")
    for run in (2, 3):
        os.kill(kept.pids[-1], signal.SIGKILL)
        until(lambda run=run: heard.told.count("up") == run)  # type: ignore[misc]
        assert len(second.pids) == run
    assert heard.told == ["up", *("down", "restarted", "up") * 2]
    assert triton.restarts == 2
    assert triton.address == address
    assert len(set(kept.pids)) == 3
    assert kept.pids == second.pids
    assert len(forgotten.pids) == 1


def test_restarted_and_wrong_it_is_started_again(start: Start, heard: Heard) -> None:
    triton = start()
    greeted = Greeted(triton)

    def wrong_the_second_time(deadline: Deadline) -> None:
        greeted(deadline)
        if len(greeted.pids) == 2:
            raise Unavailable("empty", reason="TRITON_WRONG_ANSWER")

    triton.serve("bundle", wrong_the_second_time, deadline=soon())
    os.kill(greeted.pids[-1], signal.SIGKILL)
    until(lambda: len(greeted.pids) == 3)
    until(lambda: heard.told[-1] == "up")
    assert heard.told == ["up", "down", "restarted", "down", "restarted", "up"]
    assert not lives(greeted.pids[1])


def test_running_and_wrong_three_times_it_is_started_again(start: Start, heard: Heard) -> None:
    triton = start(check_seconds=0.05)
    greeted = Greeted(triton)
    answers = iter(["right", "TRITON_BUSY", "wrong", "wrong", "right", *["wrong"] * 3])

    def answer(deadline: Deadline) -> None:
        greeted(deadline)
        match next(answers, "right"):
            case "TRITON_BUSY":
                raise Unavailable("full", reason="TRITON_BUSY")
            case "wrong":
                raise Unavailable("failed", reason="TRITON_FAILED")

    triton.serve("bundle", answer, deadline=soon())
    until(lambda: heard.told == ["up", "down", "restarted", "up"])
    assert len(set(greeted.pids[:8])) == 1
    assert len(set(greeted.pids)) == 2


def test_its_port_taken_while_it_was_down_is_waited_for(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = threading.Event()

    def pause(*_: object, **__: object) -> float:
        """Until the port is taken."""
        assert down.wait(60)
        return pause_seconds(1, draw=0.0)

    monkeypatch.setattr(managed_triton, "pause_seconds", pause)
    triton = start()
    greeted = Greeted(triton)
    triton.serve("bundle", greeted, deadline=soon())
    port = int(triton.address.rpartition(":")[2])
    os.kill(greeted.pids[-1], signal.SIGKILL)
    until(lambda: not lives(greeted.pids[-1]))
    with socket.create_server(("127.0.0.1", port)):
        down.set()
        until(lambda: triton.restarts >= 1)
    until(lambda: lives(greeted.pids[-1]))
    assert len(greeted.pids) == 2


@pytest.mark.parametrize("deaf", [False, True])
def test_stopping_takes_what_it_started_with_it(
    start: Start, tmp_path: Path, *, deaf: bool
) -> None:
    child_in = tmp_path / "child"
    triton = start(deaf=deaf, child_in=str(child_in))
    triton.serve("bundle", Greeted(triton), deadline=soon())
    child = int(child_in.read_text("ascii"))
    assert lives(child)
    triton.stop()
    assert not lives(child)
    assert not lives(triton.keeper_pid)


def test_it_dies_with_a_killed_owner_and_with_a_killed_keeper(tmp_path: Path) -> None:
    for kills_keeper in (False, True):
        child_in = tmp_path / f"child-{kills_keeper}"
        module = "tests.server.encoders.managed_owner"
        command = [sys.executable, "-m", module, str(tmp_path), str(child_in)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
            assert owner.stdout is not None
            pid, keeper = map(int, owner.stdout.readline().split())
            os.kill(keeper if kills_keeper else owner.pid, signal.SIGKILL)
            until(lambda pid=pid: not lives(pid))  # type: ignore[misc]
            owner.kill()
        until(lambda keeper=keeper: not lives(keeper))  # type: ignore[misc]
        child = int(child_in.read_text("ascii"))
        if kills_keeper:  # nobody was left to end it; Triton's own stubs notice by themselves
            os.kill(child, signal.SIGKILL)
        until(lambda child=child: not lives(child))  # type: ignore[misc]


def test_one_server_a_folder(start: Start, tmp_path: Path, heard: Heard) -> None:
    start()
    second = ManagedTriton(stand_in(), folder=tmp_path / "triton", observer=heard)
    with pytest.raises(AlreadyInUse) as caught, second:
        pass
    assert caught.value.reason == "TRITON_FOLDER"


def test_a_folder_that_cannot_be(tmp_path: Path, heard: Heard) -> None:
    (tmp_path / "file").touch()
    triton = ManagedTriton(stand_in(), folder=tmp_path / "file" / "triton", observer=heard)
    with pytest.raises(FailedPrecondition) as caught, triton:
        pass
    assert caught.value.reason == "TRITON_FOLDER"


def test_memory_of_a_killed_one_is_removed(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "shm"
    memory.mkdir()
    monkeypatch.setattr(managed_regions, "SHARED_MEMORY", memory)
    (tmp_path / "triton").mkdir()
    prefix = managed_regions.region_prefix(tmp_path / "triton")
    for name in (prefix + "left", "omnishelf_000000000000_other", "triton_python_backend"):
        (memory / name).touch()
    start()
    left = {region.name for region in memory.iterdir()}
    assert left == {"omnishelf_000000000000_other", "triton_python_backend"}


def test_without_its_context_there_is_nothing_to_ask(tmp_path: Path, heard: Heard) -> None:
    triton = ManagedTriton(stand_in(), folder=tmp_path, observer=heard, choose_port=free_port)
    with pytest.raises(Unavailable) as caught:
        triton.serve("bundle", Greeted(triton), deadline=soon())
    assert caught.value.reason == "TRITON_EXITED"
    assert not list(tmp_path.iterdir())
