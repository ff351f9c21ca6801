"""`omnishelf bench run` on a real server of empty answers."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.commands import run as command
from benchmarks.load.echo import Echo, RunningEcho, echo
from benchmarks.load.interleaving import Bench, Interleaved
from benchmarks.load.measured import Mark
from benchmarks.results.file import read
from benchmarks.workloads.files import write_workload
from benchmarks.workloads.workload import Kind, Question, Workload
from server.cli import main


@pytest.fixture(scope="module")
def server() -> Iterator[RunningEcho]:
    """No bytes are an answer without hits."""
    with echo(Echo()) as found:
        yield found


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    questions = tuple(
        Question(
            kind=Kind.TEXT,
            request=pb.SearchProductsRequest(
                parent="catalogs/shop", query=[pb.QueryPart(text=text)]
            ).SerializeToString(),
        )
        for text in ("red shoes", "blue mug", "desk lamp")
    )
    path = tmp_path_factory.mktemp("asked") / "workload.jsonl"
    made = Workload(name="three", catalog="shop", data="", questions=questions)
    write_workload(made, path)
    return path


def bench(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main(["bench", "run", *map(str, arguments)])
    assert isinstance(left.value.code, int)
    return left.value.code


QUICK = ("--rate", 40, "--seconds", 0.5, "--rounds", 2, "--warm-up", 0.2)


def test_a_run_is_written_and_printed(
    server: RunningEcho, workload: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, page = tmp_path / "result.json", tmp_path / "page.html"
    given = ("--server", server.address, "--workload", workload, *QUICK)
    code = bench(*given, "--output", output, "--html", page, "--json", "--arrivals", "constant")
    found = read(output)
    valid = all(each.valid for system in found.systems for each in system.rounds)
    assert code == 0 or not valid
    assert json.loads(capsys.readouterr().out) == json.loads(output.read_text(encoding="utf-8"))
    assert "<html" in page.read_text(encoding="utf-8")
    assert [(system.name, len(system.rounds)) for system in found.systems] == [
        ("omnishelf", 2),
        ("echo", 2),
    ]
    for each in [each for system in found.systems for each in system.rounds]:
        # Of a round in which the machine stands still not all is sent, and it says so.
        assert each.statuses == {"OK": 20} or (each.statuses.keys() == {"OK"} and not each.valid)
        assert each.latency.count == each.statuses["OK"]
        assert each.planned_rate == 40.0
    assert (found.command, found.arrivals) == ("run", "constant")
    assert found.arguments["rate"] == "40.0"
    assert found.data.kinds == {"text": 3}
    assert {"server", "client"} <= found.systems[0].rounds[0].cpu_ms_a_request.keys()


def test_systems_are_measured_side_by_side(
    server: RunningEcho, workload: Path, tmp_path: Path
) -> None:
    output = tmp_path / "result.json"
    with echo(Echo(delay_seconds=0.05)) as slower:
        given = ("--server", server.address, "--workload", workload, "--against", slower.address)
        bench(*given, *QUICK, "--closed", 2, "--output", output)
    found = read(output)
    assert [system.name for system in found.systems] == ["omnishelf", slower.address, "echo"]
    assert found.arrivals == "closed"
    assert "rate" not in found.arguments
    slow = found.systems[1].rounds[0]
    assert slow.planned_rate is None
    assert slow.latency.least_ms >= 50
    # Two callers, each at least 50 ms a call, in half a second and what was still under way.
    assert slow.latency.count <= 2 * 11


def test_a_rate_that_is_beyond_the_client_is_marked_and_leaves_with_1(
    server: RunningEcho, workload: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "result.json"
    given = ("--server", server.address, "--workload", workload, "--output", output)
    code = bench(*given, "--rate", 1e6, "--seconds", 0.1, "--rounds", 1, "--warm-up", 0)
    assert code == 1
    assert "no round of a system is valid" in capsys.readouterr().err
    (only,) = read(output).systems[0].rounds
    assert "RATE_NOT_REACHED" in [mark.name for mark in only.marks]


def test_what_was_measured_before_a_server_died_is_written(
    workload: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = tmp_path / "result.json"
    run_rounds = Bench.run
    with echo(Echo()) as dying:

        def run_while_it_dies(bench: Bench, *arguments: object, **named: object) -> Interleaved:
            timer = threading.Timer(0.3, os.kill, (dying.pid, signal.SIGKILL))
            timer.daemon = True
            timer.start()
            return run_rounds(bench, *arguments, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(Bench, "run", run_while_it_dies)
        given = ("--server", dying.address, "--workload", workload, "--output", output)
        code = bench(*given, "--rate", 20, "--seconds", 60, "--rounds", 9, "--warm-up", 0.1)
    assert code == 1
    assert "nothing answers" in capsys.readouterr().err
    found = read(output)
    (first,) = found.systems[0].rounds
    assert "SERVER_GONE" in [mark.name for mark in first.marks]
    assert not first.valid
    assert any("ended early" in note for note in found.notes)


def test_a_busy_machine_is_refused_where_asked(
    server: RunningEcho, workload: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    mark = Mark(name="MACHINE_BUSY", invalid=False, text="Others took 90% of 2 cores.")
    monkeypatch.setattr(command, "look", lambda _: mark)
    code = bench("--server", server.address, "--workload", workload, *QUICK, "--refuse-busy")
    assert code == 1
    assert "Others took 90%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--server", "127.0.0.1:9"], "--shop"),
        (["--shop", "catalog.jsonl"], "--queries"),
        (["--server", "127.0.0.1:9", "--serve", "--workers 2"], "leave one"),
        (["--against", "127.0.0.1:9", "--against", "127.0.0.1:9"], "once"),
        (["--server", "127.0.0.1:9", "--workload", "absent.jsonl"], "absent.jsonl"),
    ],
)
def test_what_is_asked_wrongly_leaves_with_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*arguments) == 2
    assert said in capsys.readouterr().err


def test_a_workload_with_a_bad_line_runs_nothing(
    server: RunningEcho, workload: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text(workload.read_text(encoding="utf-8") + "{nonsense\n", encoding="utf-8")
    assert bench("--server", server.address, "--workload", broken, *QUICK) == 2
    assert "5" in capsys.readouterr().err
