"""`serve --record` and `--warm-up` as their own process: killed, taken up again, replayed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from omnishelf.v1 import search_service_pb2 as pb
from omnishelf.v1 import search_service_pb2_grpc

from benchmarks.workloads.asking import asking, refuse_unanswered, with_tokens
from benchmarks.workloads.files import dropped_searches, read_workload
from server.app import build_app
from server.catalog.record import ProductRecord
from server.cli import main
from server.ingest.incoming import IncomingProduct
from server.settings import load_settings
from server.workload.reading import WorkloadReader

PROGRAM = [sys.executable, "-c", "from server.cli import main; main()", "serve"]
PATIENCE = 120.0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with two products."""
    items = [
        IncomingProduct(record=ProductRecord(id=each, title=title, group_id=each))
        for each, title in (("lamp", "Reading lamp"), ("shoe", "Running shoes"))
    ]
    with build_app(load_settings(flags={"data": tmp_path / "data"})) as app:
        app.writer.write("shop", items, all_or_none=True)
    return tmp_path / "data"


@contextmanager
def serving(data: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that has said where it listens."""
    arguments = ["--data", str(data), "--port", "0", "--log-format", "json", *flags]
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            assert process.stdout
            address = process.stdout.readline().partition(" on ")[2].partition(";")[0]
            assert address, "it did not start"
            yield process, address
        finally:
            process.kill()


def ask(address: str, *requests: pb.SearchProductsRequest) -> None:
    with grpc.insecure_channel(address) as channel:
        stub = search_service_pb2_grpc.SearchServiceStub(channel)
        for request in requests:
            first = stub.SearchProducts(request)
            if first.next_page_token:
                request.page_token = first.next_page_token
                stub.SearchProducts(request)


def search(words: str, *, page_size: int = 20) -> pb.SearchProductsRequest:
    return pb.SearchProductsRequest(
        parent="catalogs/shop", query=[pb.QueryPart(text=words)], page_size=page_size
    )


def wait_for_lines(path: Path, count: int) -> None:
    """Until a recording holds so many whole lines."""
    ends = time.monotonic() + PATIENCE
    while path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < ends, "nothing was recorded"
        time.sleep(0.05)


def test_a_killed_recording_is_taken_up_and_replayed(data: Path, tmp_path: Path) -> None:
    record = tmp_path / "shop.jsonl"
    with serving(data, "--record", str(record)) as (process, address):
        ask(address, search("lamp", page_size=1), search("shoe for ann@example.org"))
        wait_for_lines(record, 4)
        process.send_signal(signal.SIGKILL)
    assert WorkloadReader(path=record).check() == 3, "a killed server leaves a whole file"

    # The same file records, warms up and is replayed.
    warmed = tmp_path / "warm-up.jsonl"
    warmed.write_bytes(record.read_bytes())
    flags = ("--record", str(record), "--warm-up", str(warmed))
    with serving(data, *flags) as (process, address):
        workload = read_workload(warmed)
        with asking(address) as asked:
            refuse_unanswered(workload, asked)
            replayed = [asked(each.request) for each in with_tokens(workload, asked).questions]
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=PATIENCE)
    assert '"answered": 3, "refused": {}' in told, "the warm-up is logged"
    hits = [len(pb.SearchProductsResponse.FromString(each).hits) for each in replayed]
    assert hits == [1, 1, 2]

    kept = list(WorkloadReader(path=record))
    assert [each.kind for each in kept[:3]] == ["text", "paged", "text"]
    # Two kinds asked, one first page for its token, three replayed; nothing of the warm-up.
    assert len(kept) == 3 + 2 + 1 + 3
    assert [each.request.query[0].text for each in kept[:3]] == ["lamp", "lamp", "shoe for …"]
    dues = [each.due_seconds or 0.0 for each in kept]
    assert dues == sorted(dues)
    assert dropped_searches(record) == 0
    assert record.read_text().endswith('{"end": {"recorded": 6, "dropped": 0}}\n')


def test_a_bad_file_refuses_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"kind": "text"}\n')
    for flag in ("--warm-up", "--record"):
        with pytest.raises(SystemExit) as caught:
            main(["serve", "--data", str(tmp_path / "data"), "--port", "0", flag, str(bad)])
        assert caught.value.code == 2
        said = capsys.readouterr()
        assert not said.out
        assert "bad.jsonl" in said.err
        assert "the first line must be a header" in said.err
    assert not (tmp_path / "data").exists(), "nothing was opened"
