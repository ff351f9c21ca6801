"""A real Triton of the server's own: right, killed under load, wrong, and never left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from server.arrays import Float32Array, UInt8Array
from server.deadline import Deadline
from server.encoders.embedded import EmbeddedEncoder
from server.encoders.fallback import FallbackEncoder
from server.encoders.managed_answer import right_answer
from server.encoders.managed_regions import SHARED_MEMORY, region_prefix
from server.encoders.protocol import Encoder
from server.errors import DeadlineExceeded, Unavailable
from tests.integration.triton.conftest import TEXTS, Connect, Manage
from tests.server.encoders.managed_parts import Heard, family, lives, until

ROOT = Path(__file__).parents[3]
DEADLINE_SECONDS = 60.0
TOWERS = 3
FAMILY = 2 + TOWERS
"""Processes of a Triton that serves the starter: its keeper, itself, and a stub a tower."""
BROKEN = """
import numpy as np
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        empty = pb_utils.Tensor("embedding", np.zeros((0, 0), np.float32))
        return [pb_utils.InferenceResponse(output_tensors=[empty]) for _ in requests]
"""


def soon() -> Deadline:
    return Deadline.after(120.0)


def regions(folder: Path) -> set[str]:
    return {region.name for region in SHARED_MEMORY.glob(f"{region_prefix(folder)}*")}


def test_it_answers_as_this_process_does_and_leaves_nothing(
    manage: Manage,
    connect: Connect,
    twin: EmbeddedEncoder,
    pixels: UInt8Array,
    tmp_path: Path,
) -> None:
    triton = manage()
    encoder = connect(triton.address)
    triton.serve(encoder.manifest.id, right_answer(encoder), deadline=soon())
    for text in TEXTS:
        ours, its = (each.encode_texts([text], deadline=soon()) for each in (twin, encoder))
        assert np.array_equal(ours, its)
    ours, its = (each.encode_pictures(pixels[:1], deadline=soon()) for each in (twin, encoder))
    assert np.array_equal(ours, its)
    processes = family(triton.keeper_pid)
    assert len(processes) == FAMILY
    assert len(regions(tmp_path / "triton")) == TOWERS
    triton.stop()
    assert not any(map(lives, processes))
    assert not regions(tmp_path / "triton")


class Load:
    """Threads that ask for texts and pictures until told to end, and check every answer."""

    def __init__(self, twin: EmbeddedEncoder, pixels: UInt8Array) -> None:
        self._pixels = pixels
        self._texts = twin.encode_texts(TEXTS, deadline=soon())
        self._pictures = twin.encode_pictures(pixels, deadline=soon())
        self._end = threading.Event()
        self._threads: list[threading.Thread] = []
        self.right = 0
        self.refused: list[str] = []
        self.faults: list[str] = []
        self.slowest = 0.0

    def add(self, encoder: Encoder, *, threads: int) -> None:
        for number in range(threads):
            self._threads.append(
                threading.Thread(target=self._ask, args=(encoder, number), daemon=True)
            )
            self._threads[-1].start()

    def end(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, encoder: Encoder, number: int) -> None:
        while not self._end.is_set():
            started = time.monotonic()
            deadline = Deadline.after(DEADLINE_SECONDS)
            try:
                if number % 2:
                    self._check(encoder.encode_texts(TEXTS, deadline=deadline), self._texts)
                else:
                    pictures = encoder.encode_pictures(self._pixels, deadline=deadline)
                    self._check(pictures, self._pictures)
            except (Unavailable, DeadlineExceeded) as error:
                self.refused.append(error.reason)
            self.slowest = max(self.slowest, time.monotonic() - started)

    def _check(self, given: Float32Array, expected: Float32Array) -> None:
        # Triton runs requests of several callers as one batch, which moves the last bits.
        if np.allclose(given, expected, atol=1e-5):
            self.right += 1
        else:
            self.faults.append(f"off by {np.abs(given - expected).max()}")


def test_killed_under_load_no_reply_is_wrong_and_it_comes_back(
    manage: Manage,
    connect: Connect,
    twin: EmbeddedEncoder,
    pixels: UInt8Array,
    tmp_path: Path,
) -> None:
    heard = Heard()
    triton = manage(heard=heard)
    bare = connect(triton.address)
    triton.serve("starter", right_answer(bare), deadline=soon())
    laddered = FallbackEncoder(connect(triton.address), twin=twin)
    bare_load, laddered_load = Load(twin, pixels), Load(twin, pixels)
    try:
        bare_load.add(bare, threads=4)
        laddered_load.add(laddered, threads=4)
        until(lambda: min(bare_load.right, laddered_load.right) > 4)
        _, killed, *stubs = family(triton.keeper_pid)
        os.kill(killed, signal.SIGKILL)
        until(lambda: laddered.away_reason() is not None)
        before = laddered_load.right
        until(lambda: laddered_load.right > before + 4)
        until(lambda: heard.told == ["up", "down", "restarted", "up"], seconds=120.0)
        until(lambda: laddered.away_reason() is None, seconds=120.0)
        before = bare_load.right
        until(lambda: bare_load.right > before + 4, seconds=120.0)
    finally:
        bare_load.end()
        laddered_load.end()
    assert not bare_load.faults
    assert not laddered_load.faults
    assert "TRITON_UNREACHABLE" in bare_load.refused, "nothing was under way when it was killed"
    assert not laddered_load.refused
    assert max(bare_load.slowest, laddered_load.slowest) < 2 * DEADLINE_SECONDS
    assert not any(map(lives, [killed, *stubs]))
    assert triton.restarts == 1
    assert len(regions(tmp_path / "triton")) == TOWERS, "those of the killed one are gone"


@pytest.mark.parametrize("victim", ["owner", "keeper"])
def test_it_outlives_neither_its_server_nor_its_keeper(
    triton_environment: Path, published_starter: Path, tmp_path: Path, victim: str
) -> None:
    module = "tests.integration.triton.managed_child"
    paths = [triton_environment, published_starter, tmp_path / "triton"]
    command = [sys.executable, "-m", module, *map(str, paths)]
    with ExitStack() as closing:
        owner = closing.enter_context(
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        )
        closing.callback(owner.kill)
        assert owner.stdout is not None
        keeper = int(owner.stdout.readline())
        processes = family(keeper)
        assert len(processes) == FAMILY
        os.kill(owner.pid if victim == "owner" else keeper, signal.SIGKILL)
        until(lambda: not any(map(lives, processes)), seconds=60.0)
        if victim == "keeper":  # and the server starts another
            processes = family(int(owner.stdout.readline()))
            owner.kill()
            until(lambda: not any(map(lives, processes)), seconds=60.0)
    assert not regions(tmp_path / "triton")


def test_ready_but_wrong_is_refused(
    manage: Manage, connect: Connect, published_starter: Path, tmp_path: Path
) -> None:
    repository = tmp_path / "models"
    shutil.copytree(published_starter, repository)
    for script in repository.glob("*/1/model.py"):
        script.write_text(BROKEN, "utf-8")
    triton = manage(repository=repository)
    encoder = connect(triton.address)
    with pytest.raises(Unavailable, match="make triton") as caught:
        triton.serve("starter", right_answer(encoder), deadline=soon())
    assert caught.value.reason == "TRITON_WRONG_ANSWER"


def test_not_ready_in_time(manage: Manage, connect: Connect, tmp_path: Path) -> None:
    triton = manage()
    encoder = connect(triton.address)
    with pytest.raises(Unavailable) as caught:
        triton.serve("starter", right_answer(encoder), deadline=Deadline.after(0.3))
    assert caught.value.reason == "TRITON_NOT_READY"
    assert str(tmp_path / "triton" / "triton.log") in caught.value.message


def test_a_port_that_somebody_took_is_said(manage: Manage, connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        triton = manage(choose_port=lambda: taken.getsockname()[1])
        encoder = connect(triton.address)
        with pytest.raises(Unavailable) as caught:
            triton.serve("starter", right_answer(encoder), deadline=soon())
    assert caught.value.reason == "TRITON_EXITED"


def test_a_killed_model_is_noticed_and_mended(manage: Manage, connect: Connect) -> None:
    triton = manage(check_seconds=0.2)
    encoder = connect(triton.address)
    triton.serve("starter", right_answer(encoder), deadline=soon())
    _, _, stub, *_ = family(triton.keeper_pid)
    os.kill(stub, signal.SIGKILL)
    until(lambda: triton.restarts >= 1, seconds=60.0)
    until(lambda: answers(encoder), seconds=60.0)


def answers(encoder: Encoder) -> bool:
    try:
        encoder.encode_texts(TEXTS, deadline=soon())
    except Unavailable:
        return False
    return True
