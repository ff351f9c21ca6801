"""The client against a real Triton: right answers, restarts, and callers who leave."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import Queue

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

from exporter.spec import STARTER_DIRECTORY
from exporter.triton.server_environment import server_command
from server.arrays import UInt8Array
from server.deadline import Cancellation, Deadline
from server.encoders.embedded import EmbeddedEncoder
from server.encoders.managed_ports import free_port
from server.encoders.managed_regions import region_prefix, remove_regions
from server.encoders.triton import TritonEncoder, TritonOptions
from server.encoders.triton_connection import TritonCall
from server.encoders.triton_memory import Mode
from server.errors import DeadlineExceeded, OmnishelfError, Unavailable

TEXTS = ["red running shoes", "红色的杯子", "mug", "蓝色 T恤 XL", "a lamp to read by " * 9]
READY_SECONDS = 90.0
SOON = 30.0
LEAVERS = 10_000


class RunningTriton:
    """A Triton over a repository, on one port whenever it is started."""

    def __init__(self, environment: Path, *, repository: Path, log: Path) -> None:
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self._command = server_command(
            environment, repository=repository, grpc_port=port, surroundings=os.environ
        )
        self._prefix = region_prefix(log.parent)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        regions = f"--backend-config=python,shm-region-prefix-name={self._prefix}"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                (*self._command.argv, regions),
                env=dict(self._command.env),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it at once, its models' processes and their memory with it."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        remove_regions(self._prefix)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        self.kill()

    def open(self, *, shared_memory: Mode = "on", max_in_flight: int = 8) -> TritonEncoder:
        options = TritonOptions(
            address=self.address,
            rows_a_request=2,
            shared_memory=shared_memory,
            max_in_flight=max_in_flight,
        )
        return TritonEncoder(STARTER_DIRECTORY, options=options)


def await_ready(encoder: TritonEncoder) -> None:
    """Ask until it is; the last refusal is the failure."""
    deadline = Deadline.after(READY_SECONDS)
    while True:
        try:
            return encoder.ready(deadline)
        except Unavailable:
            if not deadline.allows(0.1):
                raise
            time.sleep(0.1)


@pytest.fixture(scope="module")
def triton(
    triton_environment: Path, published_starter: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningTriton]:
    log = tmp_path_factory.mktemp("client") / "triton.log"
    running = RunningTriton(triton_environment, repository=published_starter, log=log)
    with ExitStack() as ending:
        ending.callback(running.stop)
        running.start()
        encoder = running.open()
        ending.callback(encoder.close)
        await_ready(encoder)
        yield running


@pytest.mark.parametrize("shared_memory", ["off", "auto", "on"])
def test_answers_are_those_of_the_twin_bit_for_bit(
    triton: RunningTriton, twin: EmbeddedEncoder, pixels: UInt8Array, shared_memory: Mode
) -> None:
    soon = Deadline.after(SOON)
    encoder = triton.open(shared_memory=shared_memory)
    for text in TEXTS:
        answer = encoder.encode_texts([text], deadline=soon)
        np.testing.assert_array_equal(answer, twin.encode_texts([text], deadline=soon))
    together = encoder.encode_texts(TEXTS * 3, deadline=soon)
    np.testing.assert_allclose(together, twin.encode_texts(TEXTS * 3, deadline=soon), atol=1e-4)
    one = encoder.encode_pictures(pixels[:1], deadline=soon)
    np.testing.assert_array_equal(one, twin.encode_pictures(pixels[:1], deadline=soon))
    several = encoder.encode_pictures(pixels, deadline=soon)
    np.testing.assert_allclose(several, twin.encode_pictures(pixels, deadline=soon), atol=1e-4)
    assert encoder.shares_memory is (shared_memory != "off")
    encoder.close()


def test_closing_leaves_no_region_with_triton(triton: RunningTriton, pixels: UInt8Array) -> None:
    with grpc.insecure_channel(triton.address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)

        def known() -> set[str]:
            return set(stub.SystemSharedMemoryStatus(pb.SystemSharedMemoryStatusRequest()).regions)

        before = known()
        encoder = triton.open()
        for rows in (1, 2):
            encoder.encode_pictures(pixels[:rows], deadline=Deadline.after(SOON))
        during = known()
        encoder.close()
        # Triton drops a region once it has let go of the request that lay in it.
        patience = Deadline.after(SOON)
        while not known() <= before:
            patience.check("the regions were dropped")
            time.sleep(0.05)
    assert during - before, "pictures went through a region"


def test_models_are_unloaded_and_loaded(triton: RunningTriton) -> None:
    encoder = triton.open()
    encoder.unload_models(Deadline.after(SOON))
    with pytest.raises(Unavailable) as caught:
        encoder.ready(Deadline.after(SOON))
    assert caught.value.reason in {"TRITON_NOT_READY", "TRITON_MODEL_MISSING"}
    encoder.load_models(Deadline.after(SOON))
    await_ready(encoder)
    encoder.close()


def test_under_load_a_killed_triton_costs_clean_errors_and_no_wrong_vector(
    triton: RunningTriton, twin: EmbeddedEncoder, pixels: UInt8Array
) -> None:
    encoder = triton.open(max_in_flight=4)
    right = [
        twin.encode_pictures(pixels[row : row + 1], deadline=Deadline.never()) for row in (0, 1)
    ]
    answered, over = threading.Event(), threading.Event()

    def ask(row: int) -> set[str]:
        ends = set[str]()
        while not over.is_set():
            deadline = Deadline.after(2.0)
            try:
                answer = encoder.encode_pictures(pixels[row : row + 1], deadline=deadline)
            except (Unavailable, DeadlineExceeded) as error:
                ends.add(error.reason)
                over.wait(0.02)  # as a caller who tries again would
            else:
                ends.add("right" if np.array_equal(answer, right[row]) else "wrong")
                answered.set()
            if time.monotonic() > deadline.at_seconds + SOON:
                ends.add("late")
        return ends

    with ThreadPoolExecutor(8) as threads, ExitStack() as ending:
        ending.callback(over.set)
        asking = [threads.submit(ask, row % 2) for row in range(8)]
        assert answered.wait(SOON)
        triton.kill()
        with pytest.raises(Unavailable) as caught:
            encoder.encode_texts(["away"], deadline=Deadline.after(SOON))
        assert caught.value.reason == "TRITON_UNREACHABLE"
        triton.start()
        await_ready(encoder)
        answered.clear()
        assert answered.wait(SOON), "it answers again"
        over.set()
        ends = set[str]().union(*(each.result(SOON) for each in asking))
    assert "TRITON_UNREACHABLE" in ends
    allowed = {"right", "TRITON_UNREACHABLE", "TRITON_MODEL_MISSING", "DEADLINE_EXCEEDED"}
    assert ends <= allowed | {"TRITON_BUSY"}
    assert encoder.shares_memory, "its regions are registered anew"
    encoder.close()


def test_ten_thousand_callers_who_leave_leave_nothing_behind(triton: RunningTriton) -> None:
    calls = _open_calls()
    encoder = triton.open(max_in_flight=4)
    asking: Queue[Cancellation | None] = Queue()

    class Leaving(Cancellation):
        """A caller who leaves as soon as a call of theirs is under way."""

        def on_cancel(self, callback: Callable[[], object]) -> Callable[[], None]:
            forget = super().on_cancel(callback)
            asking.put(self)
            return forget

    def leave(_: int) -> str:
        deadline = Deadline.after(SOON, cancellation=Leaving())
        try:
            encoder.encode_texts(["mug"], deadline=deadline)
        except OmnishelfError as error:
            return error.reason
        return "answered"

    def end_calls() -> None:
        while cancellation := asking.get():
            cancellation.cancel()

    ending = threading.Thread(target=end_calls, daemon=True)
    ending.start()
    with ThreadPoolExecutor(4) as threads:
        ends = Counter(threads.map(leave, range(LEAVERS // 10)))
        gc.collect()
        memory = _resident_bytes()
        ends += Counter(threads.map(leave, range(LEAVERS)))
    asking.put(None)
    ending.join()
    gc.collect()
    assert set(ends) <= {"CALLER_LEFT", "answered"}
    assert ends["CALLER_LEFT"] > LEAVERS // 2
    assert _resident_bytes() - memory < 32 * 2**20
    answer = encoder.encode_texts(["mug"], deadline=Deadline.after(SOON))
    assert np.isfinite(answer).all()
    encoder.close()  # once the last of them have ended
    gc.collect()
    assert _open_calls() <= calls


def _open_calls() -> int:
    """Calls of ours and of gRPC that something still holds."""
    return sum(
        # By its type alone: some packages answer for a wrapped object's class with a warning.
        issubclass(type(each), TritonCall) or type(each).__name__ == "_MultiThreadedRendezvous"
        for each in gc.get_objects()
    )


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
