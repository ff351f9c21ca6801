"""`omnishelf serve` over a real Triton: of its own or another's, killed, absent, and stopped."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from server.app import build_app
from server.catalog.record import ProductRecord
from server.cli import main
from server.deadline import Deadline
from server.encoders.managed_answer import right_answer
from server.health.check import State
from server.health.triton_parts import triton as checked
from server.ingest.incoming import IncomingProduct
from server.settings import load_settings
from tests.integration.triton.conftest import ENVIRONMENT, Connect, Manage
from tests.server.encoders.managed_parts import family, lives, until

PROGRAM = [sys.executable, "-c", "from server.cli import main; main()"]
NUMBERS = itertools.count()
Serve = Callable[..., "subprocess.Popen[str]"]
Search = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with two products, whose vectors were made in this process."""
    data = tmp_path_factory.mktemp("serve")
    items = [
        IncomingProduct(record=ProductRecord(id=each, title=title, group_id=each))
        for each, title in (("lamp", "Reading lamp"), ("shoe", "Running shoes"))
    ]
    with build_app(load_settings(flags={"data": data})) as app:
        app.writer.write("default", items, all_or_none=True)
    return data


@pytest.fixture
def serve(data: Path, triton_environment: Path) -> Iterator[Serve]:
    """Start a server with further flags, and return once it serves."""
    with ExitStack() as closing:

        def start(*flags: str) -> subprocess.Popen[str]:
            arguments = ["serve", "--data", str(data), "--port", "0", "--encoder", "triton", *flags]
            variables = {
                "PYTHONUNBUFFERED": "1",
                "OMNISHELF__TRITON__ENVIRONMENT": str(triton_environment),
            }
            process = closing.enter_context(
                subprocess.Popen(
                    [*PROGRAM, *arguments],
                    stdout=subprocess.PIPE,
                    text=True,
                    env={**os.environ, **variables},
                )
            )
            closing.callback(process.kill)
            assert process.stdout
            assert process.stdout.readline().startswith("Omnishelf serves default (2 products)")
            return process

        yield start


@pytest.fixture
def search(data: Path, capsys: pytest.CaptureFixture[str]) -> Search:
    """What `omnishelf search --json` prints."""

    def run(words: str) -> dict[str, Any]:
        with pytest.raises(SystemExit) as left:
            main(["search", words, "--data", str(data), "--json"])
        assert not left.value.code
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return run


def first(found: dict[str, Any]) -> str:
    name: str = found["hits"][0]["product"]["name"]
    return name.rpartition("/")[2]


def encoded_by(found: dict[str, Any]) -> list[str]:
    """What stood in for Triton."""
    return [each["used"] for each in found.get("fallbacks", []) if each["stage"] == "encode"]


def answers(search: Search, words: str, product: str, *, by: list[str]) -> bool:
    """Whether what stood in for Triton is ``by``; the product is found first by whatever answers.

    Other words each time: a vector that is remembered would say nothing of Triton.
    """
    found = search(f"{words} {next(NUMBERS)}")
    assert first(found) == product
    return encoded_by(found) == by


def program(pid: int) -> str:
    return Path(Path(f"/proc/{pid}/cmdline").read_text("utf-8").split("\0")[0]).name


def test_a_triton_of_its_own_may_be_killed_and_ends_with_it(serve: Serve, search: Search) -> None:
    server = serve("--managed-triton")
    until(lambda: answers(search, "a lamp to read by", "lamp", by=[]), seconds=90.0)
    processes = family(server.pid)

    def killed_it_is_not_missed() -> bool:
        """Before it is back, which on a machine that stands still it may be at once."""
        for triton in [pid for pid in family(server.pid) if program(pid) == "tritonserver"]:
            os.kill(triton, signal.SIGKILL)
        return answers(search, "跑鞋", "shoe", by=["in_process"])

    until(killed_it_is_not_missed, seconds=90.0)
    until(lambda: answers(search, "lamp", "lamp", by=[]), seconds=90.0)
    processes += family(server.pid)
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=90) == 0
    assert not any(map(lives, processes))


def test_a_triton_of_another(
    serve: Serve, search: Search, manage: Manage, connect: Connect
) -> None:
    triton = manage()
    triton.serve("starter", right_answer(connect(triton.address)), deadline=Deadline.after(120.0))
    server = serve("--triton", triton.address)
    until(lambda: answers(search, "a lamp to read by", "lamp", by=[]), seconds=90.0)
    assert "tritonserver" not in map(program, family(server.pid))
    triton.stop()
    found = search("跑鞋")
    assert (first(found), encoded_by(found)) == ("shoe", ["in_process"])


def test_without_an_environment_it_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNISHELF__TRITON__ENVIRONMENT", str(tmp_path / "none"))
    flags = ["--encoder", "triton", "--managed-triton", "--port", "0"]
    with pytest.raises(SystemExit) as left:
        main(["serve", "--data", str(tmp_path / "data"), *flags])
    assert left.value.code
    assert "make triton" in " ".join(capsys.readouterr().err.split())


def test_the_doctor_asks_it(manage: Manage, connect: Connect, tmp_path: Path) -> None:
    triton = manage()
    triton.serve("starter", right_answer(connect(triton.address)), deadline=Deadline.after(120.0))
    flags = {"data": tmp_path, "encoder.kind": "triton", "triton.address": triton.address}
    check = checked(load_settings(flags=flags))
    assert (check.state, triton.address in check.found) == (State.OK, True)
    triton.stop()
    check = checked(load_settings(flags=flags))
    assert (check.state, "TRITON_UNREACHABLE" in check.found) == (State.FAILED, True)
    managed = {"triton.managed": True, "triton.environment": ENVIRONMENT}
    check = checked(load_settings(flags=flags | managed))
    assert (check.state, str(ENVIRONMENT) in check.found) == (State.OK, True)
