"""Two real workers on one port: what is written through one is there for all, and stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import grpc
import psutil
import pytest
from google.type import money_pb2
from omnishelf.v1 import (
    encoder_service_pb2,
    encoder_service_pb2_grpc,
    product_pb2,
    product_service_pb2,
    product_service_pb2_grpc,
    search_service_pb2,
    search_service_pb2_grpc,
)

from exporter.spec import STARTER_DIRECTORY
from server.encoders.managed_ports import free_port

PROGRAM = [sys.executable, "-c", "from server.cli import main; main()"]
PARENT = "catalogs/shop"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="groups need Linux")


@dataclass(frozen=True, kw_only=True)
class Running:
    """A group, a channel to each of its workers, and the numbers of their processes."""

    process: subprocess.Popen[str]
    metrics_port: int
    channels: dict[int, grpc.Channel]

    def products(self, worker: int) -> product_service_pb2_grpc.ProductServiceStub:
        return product_service_pb2_grpc.ProductServiceStub(self.channels[worker])

    def search(self, worker: int, **fields: object) -> search_service_pb2.SearchProductsResponse:
        stub = search_service_pb2_grpc.SearchServiceStub(self.channels[worker])
        part = search_service_pb2.QueryPart(text="a lamp")
        request = search_service_pb2.SearchProductsRequest(
            parent=PARENT,
            query=[part],
            **fields,  # type: ignore[arg-type] # by keyword
        )
        return stub.SearchProducts(request, timeout=60, wait_for_ready=True)

    def write(self, worker: int, product_id: str, *, price: int = 20) -> None:
        self.products(worker).BatchUpsertProducts(
            product_service_pb2.BatchUpsertProductsRequest(
                parent=PARENT, products=[_product(product_id, price=price)]
            ),
            timeout=60,
        )

    def ids(self, worker: int, **fields: object) -> list[str]:
        """What a search finds; nothing where the worker has not heard of the catalog yet."""
        try:
            hits = self.search(worker, page_size=100, **fields).hits
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
            return []
        return [hit.product.name.rpartition("/")[2] for hit in hits]


def _product(product_id: str, *, price: int) -> product_pb2.Product:
    return product_pb2.Product(
        name=f"{PARENT}/products/{product_id}",
        title=f"Reading lamp {product_id}",
        group_id=product_id,
        price=money_pb2.Money(currency_code="USD", units=price),
    )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data = tmp_path_factory.mktemp("group")
    (data / "bundles").mkdir()
    (data / "bundles" / "again").symlink_to(STARTER_DIRECTORY)
    metrics_port = free_port()
    arguments = ["--data", str(data), "--port", "0", "--workers", "2", "--log-format", "json"]
    with (
        subprocess.Popen(
            [*PROGRAM, "serve", *arguments, "--metrics-port", str(metrics_port)],
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
        assert line.startswith("Omnishelf serves no catalog yet")
        address = line.partition(" on ")[2].partition(";")[0]
        yield Running(
            process=process,
            metrics_port=metrics_port,
            channels=_one_to_each(process, address, closing=closing),
        )


def _one_to_each(
    process: subprocess.Popen[str], address: str, *, closing: ExitStack
) -> dict[int, grpc.Channel]:
    """Channels by the number of the worker that the kernel gave them to; lines of calls tell."""
    channels: dict[int, grpc.Channel] = {}
    for _ in range(100):
        # Channels to one address share a connection otherwise.
        options = [("grpc.use_local_subchannel_pool", 1)]
        channel = closing.enter_context(grpc.insecure_channel(address, options=options))
        stub = encoder_service_pb2_grpc.EncoderServiceStub(channel)
        stub.ListEncoderBundles(encoder_service_pb2.ListEncoderBundlesRequest(), timeout=60)
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


def _until(so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not so():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_one_worker_writes_is_seen_by_both(running: Running) -> None:
    running.write(0, "first")
    assert running.ids(0) == ["first"]
    _until(lambda: running.ids(1) == ["first"])
    running.write(1, "second", price=90)
    assert sorted(running.ids(1)) == ["first", "second"]
    _until(lambda: sorted(running.ids(0)) == ["first", "second"])
    assert running.ids(0, filter="price > 50") == ["second"]


def test_a_page_token_of_one_worker_is_good_for_the_other(running: Running) -> None:
    first = running.search(0, page_size=1)
    second = running.search(1, page_size=1, page_token=first.next_page_token)
    names = [each.hits[0].product.name.rpartition("/")[2] for each in (first, second)]
    assert sorted(names) == ["first", "second"]
    assert first.search_id == second.search_id


def test_signals_changed_in_one_worker_are_seen_by_the_other(running: Running) -> None:
    sold_out = product_pb2.Product(name=f"{PARENT}/products/first", stock=0)
    request = product_service_pb2.UpdateSignalsRequest(parent=PARENT, products=[sold_out])
    running.products(0).UpdateSignals(request, timeout=60)

    def stock(worker: int) -> list[int]:
        hits = running.search(worker, page_size=100).hits
        return [hit.product.stock for hit in hits if hit.product.name.endswith("first")]

    assert stock(0) == [0]
    _until(lambda: stock(1) == [0])
    assert running.ids(1, filter="stock = 0") == ["first"]


def test_a_bundle_opened_in_one_worker_is_open_in_both(running: Running) -> None:
    stub = encoder_service_pb2_grpc.EncoderServiceStub(running.channels[0])
    request = encoder_service_pb2.OpenEncoderBundleRequest(directory_name="again")
    opened = stub.OpenEncoderBundle(request, timeout=120).encoder_bundle
    other = encoder_service_pb2_grpc.EncoderServiceStub(running.channels[1])
    listed = other.ListEncoderBundles(encoder_service_pb2.ListEncoderBundlesRequest(), timeout=60)
    assert [each.name for each in listed.encoder_bundles] == [opened.name]


def test_one_page_adds_both_up(running: Running) -> None:
    def calls() -> float:
        url = f"http://127.0.0.1:{running.metrics_port}/metrics"
        with urllib.request.urlopen(url, timeout=60) as page:
            lines = page.read().decode().splitlines()
        return sum(
            float(line.rpartition(" ")[2])
            for line in lines
            if line.startswith("omnishelf_calls_total") and "SearchProducts" in line
        )

    def three_are_added() -> bool:
        before = calls()
        for worker in (0, 1, 1):
            running.search(worker)
        return calls() == before + 3

    # A worker that stands still for two seconds is left out of a page.
    _until(three_are_added)


def test_a_worker_killed_while_it_writes_loses_nothing(running: Running) -> None:
    children = psutil.Process(running.process.pid).children()
    workers = sorted(filter(_is_worker, children), key=psutil.Process.create_time)
    written: list[str] = []

    def write() -> None:
        for number in range(10_000):
            try:
                running.write(1, f"lamp-{number}")
            except grpc.RpcError:
                return
            written.append(f"lamp-{number}")

    writing = threading.Thread(target=write, daemon=True)
    writing.start()
    _until(lambda: len(written) >= 3)
    workers[1].kill()
    writing.join(120)
    _until(lambda: set(written) <= set(running.ids(0)))
    running.write(0, "last")
    half = f"lamp-{len(written)}"
    assert set(running.ids(0)) - {half} == {"first", "second", "last", *written}


def test_asked_to_end_all_end(running: Running) -> None:
    family = psutil.Process(running.process.pid).children(recursive=True)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(120) == 0
    _until(lambda: not any(each.is_running() for each in family))


def _is_worker(process: psutil.Process) -> bool:
    return "server.workers.worker" in process.cmdline()
