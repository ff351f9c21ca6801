from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from server.catalog.file_turns import FileTurns

LAST = 2**31 - 1

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="such locks are of Linux")

HOLDER = """
import sys, time
from pathlib import Path
from server.catalog.file_turns import FileTurns

turns = FileTurns(Path(sys.argv[1]))
with turns.alone(7, wait_seconds=0), turns.marked(7):
    print("holding", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def turns(tmp_path: Path) -> FileTurns:
    return FileTurns(tmp_path / "store.turns")


def _enters(turns: FileTurns, number: int) -> bool:
    with turns.alone(number, wait_seconds=0) as entered:
        return entered


def _marks(turns: FileTurns, number: int) -> bool:
    with turns.marked(number) as taken:
        return taken


@pytest.mark.parametrize("number", [0, 7, LAST])
def test_a_number_is_held_by_one(turns: FileTurns, tmp_path: Path, number: int) -> None:
    other = FileTurns(tmp_path / "store.turns")
    with turns.alone(number, wait_seconds=0) as entered:
        assert entered
        assert not _enters(other, number)
        assert not _enters(turns, number)
        assert _enters(other, number ^ 1)
        assert _marks(other, number)  # a mark is another thing than a turn
    assert _enters(other, number)


def test_a_mark_is_seen_by_all_and_goes_with_its_block(turns: FileTurns) -> None:
    assert not turns.is_marked(3)
    with turns.marked(3) as taken:
        assert taken
        assert turns.is_marked(3)
        assert not turns.is_marked(4)
        assert not _marks(turns, 3)
    assert not turns.is_marked(3)
    with pytest.raises(KeyError), turns.marked(3):
        raise KeyError
    assert not turns.is_marked(3)


def test_what_a_killed_process_held_is_free(turns: FileTurns, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "store.turns")], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"holding\n"
        assert not _enters(turns, 7)
        assert turns.is_marked(7)
        holder.kill()
        holder.wait()
    assert _enters(turns, 7)
    assert not turns.is_marked(7)


def test_who_comes_again_at_once_keeps_nobody_out(turns: FileTurns) -> None:
    entered = threading.Event()

    def enter() -> None:
        with turns.alone(1, wait_seconds=60):
            entered.set()

    waiting = threading.Thread(target=enter, daemon=True)
    waiting.start()
    # Without the door the gaps between two of these blocks would be too short to be seen.
    _until(entered.is_set, turns)
    waiting.join()


def _until(done: Callable[[], bool], turns: FileTurns) -> None:
    for _ in range(100_000):
        with turns.alone(1, wait_seconds=60):
            if done():
                return
    pytest.fail("the other never had its turn")
