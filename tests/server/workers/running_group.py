"""A group of two real workers that records, with a channel to each: for tests that ask both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import psutil
import pytest
from omnishelf.v1 import encoder_service_pb2 as encoders
from omnishelf.v1 import encoder_service_pb2_grpc, search_service_pb2_grpc
from omnishelf.v1 import search_service_pb2 as pb

from server.encoders.managed_ports import free_port

PARENT = "catalogs/shop"

_PROGRAM = [sys.executable, "-c", "from server.cli import main; main()"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningGroup:
    """The supervisor's process, where the group answers and records, a channel to each worker."""

    process: subprocess.Popen[str]
    address: str
    metrics_port: int
    recording: Path
    channels: dict[int, grpc.Channel]

    def family(self, part: str) -> list[psutil.Process]:
        """Children of the supervisor with ``part`` in their command, the oldest first."""
        children = psutil.Process(self.process.pid).children()
        found = [each for each in children if part in " ".join(_command(each))]
        return sorted(found, key=psutil.Process.create_time)

    def metric(self, name: str) -> float:
        """Sum of the samples whose lines begin with ``name``."""
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        with urllib.request.urlopen(url, timeout=60) as page:
            lines = page.read().decode().splitlines()
        return sum(float(each.rpartition(" ")[2]) for each in lines if each.startswith(name))


@contextmanager
def running_group(folder: Path) -> Iterator[RunningGroup]:
    """Serve; killed on leaving, if it still runs."""
    metrics_port = free_port()
    recording = folder / "recorded.jsonl"
    arguments = ["--data", str(folder / "data"), "--port", "0", "--workers", "2"]
    arguments += ["--record", str(recording), "--metrics-port", str(metrics_port)]
    with (
        subprocess.Popen(
            [*_PROGRAM, "serve", *arguments, "--log-format", "json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process,
        ExitStack() as closing,
    ):
        closing.callback(process.kill)
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("Omnishelf serves"), line
        address = line.partition(" on ")[2].partition(";")[0]
        yield RunningGroup(
            process=process,
            address=address,
            metrics_port=metrics_port,
            recording=recording,
            channels=_one_to_each(process, address, closing=closing),
        )


def search(channel: grpc.Channel, text: str, **fields: object) -> pb.SearchProductsResponse:
    """Ask once."""
    request = search_request(text, **fields)
    return search_service_pb2_grpc.SearchServiceStub(channel).SearchProducts(request, timeout=60)


def search_request(text: str, **fields: object) -> pb.SearchProductsRequest:
    part = pb.QueryPart(text=text)
    return pb.SearchProductsRequest(parent=PARENT, query=[part], **fields)  # type: ignore[arg-type] # by keyword


def fresh_channel(address: str) -> grpc.Channel:
    """A connection of its own: channels to one address share one otherwise."""
    return grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])


def until(so: Callable[[], bool]) -> None:
    """Wait, for as long as a busy machine may need."""
    last = time.monotonic() + 120
    while not so():
        assert time.monotonic() < last
        time.sleep(0.02)


def _one_to_each(
    process: subprocess.Popen[str], address: str, *, closing: ExitStack
) -> dict[int, grpc.Channel]:
    """Channels by the number of the worker that the kernel gave them to; lines of calls tell."""
    channels: dict[int, grpc.Channel] = {}
    for _ in range(100):
        channel = closing.enter_context(fresh_channel(address))
        stub = encoder_service_pb2_grpc.EncoderServiceStub(channel)
        stub.ListEncoderBundles(encoders.ListEncoderBundlesRequest(), timeout=60)
        channels.setdefault(_worker_of_next_call(process), channel)
        if len(channels) == 2:
            threading.Thread(target=_drain, args=[process], daemon=True).start()
            return channels
    pytest.fail("all connections went to one worker")


def _worker_of_next_call(process: subprocess.Popen[str]) -> int:
    assert process.stderr
    for text in process.stderr:
        line = json.loads(text)
        if line["event"] == "call":
            return int(line["worker"])
    pytest.fail("the log ended")


def _drain(process: subprocess.Popen[str]) -> None:
    assert process.stderr
    for _ in process.stderr:
        pass


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has ended
        return []
