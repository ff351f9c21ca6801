"""`serve` as its own process, and `search` as its client and without it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.address import announced_address
from server.app import build_app
from server.catalog.record import ProductRecord
from server.cli import main
from server.commands.serve import asked_to_stop
from server.ingest.incoming import IncomingProduct
from server.settings import load_settings

PROGRAM = [sys.executable, "-c", "from server.cli import main; main()"]
Search = Callable[..., list[str]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with two products in the catalog that commands mean."""
    data = tmp_path_factory.mktemp("serve")
    items = [
        IncomingProduct(record=ProductRecord(id=each, title=title, group_id=each))
        for each, title in (("lamp", "Reading lamp"), ("shoe", "Running shoes"))
    ]
    with build_app(load_settings(flags={"data": data})) as app:
        app.writer.write("default", items, all_or_none=True)
    return data


@pytest.fixture
def serving(data: Path) -> Iterator[subprocess.Popen[str]]:
    """A server that has said where it listens."""
    arguments = ["serve", "--data", str(data), "--port", "0", "--log-format", "json"]
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("Omnishelf serves default (2 products) on 127.0.0.1:")
        yield process
        process.kill()


@pytest.fixture
def search(data: Path, capsys: pytest.CaptureFixture[str]) -> Search:
    """The ids that `omnishelf search --json` finds."""

    def run(*arguments: str) -> list[str]:
        with pytest.raises(SystemExit) as caught:
            main(["search", *arguments, "--data", str(data), "--json"])
        assert not caught.value.code
        hits = json.loads(capsys.readouterr().out)["hits"]
        return [hit["product"]["name"].rpartition("/")[2] for hit in hits]

    return run


def test_a_server_is_found_asked_and_stopped(
    serving: subprocess.Popen[str], data: Path, search: Search
) -> None:
    assert announced_address(data / "server.address")
    assert search("a lamp to read by") == ["lamp", "shoe"]
    serving.send_signal(signal.SIGTERM)
    out, err = serving.communicate(timeout=120)
    assert serving.returncode == 0
    assert out.startswith("Stopping")
    start, line = (json.loads(each) for each in err.splitlines())
    assert start["event"] == "ranker served"
    assert start.keys() >= {"ranker", "engine", "engine_reason", "twin"}
    assert (line["event"], line["code"], line["hits"]) == ("call", "OK", 2)
    assert "lamp" not in err
    assert announced_address(data / "server.address") is None


def test_without_a_server_a_search_opens_the_data_itself(search: Search) -> None:
    assert search("跑鞋") == ["shoe", "lamp"]
    assert search("lamp", "--filter", 'id = "shoe"') == ["shoe"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_signals_ask_for_an_end(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with asked_to_stop() as stop:
        assert not stop.is_set()
        signal.raise_signal(number)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_a_taken_port_is_refused_before_anything_is_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as caught:
            main(["serve", "--data", str(tmp_path / "new"), "--port", str(port)])
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"port {port} is taken" in captured.err
    assert "--port" in captured.err
    assert not (tmp_path / "new").exists()
