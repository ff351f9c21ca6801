import json
from pathlib import Path

import pytest

from benchmarks.commands.outcome import Wanted, all_invalid, busy, deliver, result_of
from benchmarks.load.histogram import latency_of
from benchmarks.load.measured import Mark
from benchmarks.results.file import read
from benchmarks.results.values import BenchResult, Quality, RoundResult, SystemResult
from benchmarks.workloads.workload import Kind, Question, Workload

GONE = Mark(name="SERVER_GONE", invalid=True, text="It went.")
DISTURBED = Mark(name="MACHINE_BUSY", invalid=False, text="Others worked.")


def round_with(*marks: Mark) -> RoundResult:
    return RoundResult(
        planned_rate=10.0, sent_rate=10.0, throughput=10.0, seconds=1.0,
        latency=latency_of([0.010, 0.020]), by_kind={}, statuses={"OK": 2}, fallbacks={},
        stages=(), cpu_ms_a_request={}, resident_mb={}, quality=Quality(judged=0), marks=marks,
    )  # fmt: skip


def result(*rounds: RoundResult, **arguments: object) -> BenchResult:
    question = Question(kind=Kind.TEXT, request=b"q")
    workload = Workload(name="one", catalog="shop", data="ab", questions=(question, question))
    return result_of(
        "run",
        arguments=arguments,
        workload=workload,
        products=3,
        arrivals="poisson",
        systems=[SystemResult(name="omnishelf", about={}, rounds=rounds)],
        figures={},
    )


def test_arguments_say_what_was_asked_and_nobodys_folders() -> None:
    found = result(
        round_with(), shop=Path("/home/somebody/catalog.jsonl"), rate=20.0, server=None, serve="",
        against=["one:1", "two:2"], refuse_busy=False,
    )  # fmt: skip
    assert found.arguments == {"shop": "catalog.jsonl", "rate": "20.0", "against": "one:1 two:2"}
    assert found.data.kinds == {"text": 2}
    assert (found.data.products, found.data.catalog_sha256) == (3, "ab")


@pytest.mark.parametrize(
    ("rounds", "invalid", "disturbed"),
    [
        ([round_with()], False, False),
        ([round_with(GONE), round_with()], False, False),
        ([round_with(GONE), round_with(GONE)], True, False),
        ([round_with(DISTURBED), round_with()], False, True),
        ([], False, False),
    ],
)
def test_how_a_command_leaves(rounds: list[RoundResult], *, invalid: bool, disturbed: bool) -> None:
    assert all_invalid(result(*rounds)) == invalid
    assert busy(result(*rounds)) == disturbed


@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_a_result_is_written_and_printed(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = result(round_with(DISTURBED), round_with(), round_with(GONE))
    output = tmp_path / "result.json"
    wanted = Wanted(output=output, page=None, markdown=form == "markdown", json=form == "json")
    deliver(made, wanted)
    said = capsys.readouterr().out
    assert read(output) == made
    assert "omnishelf" in said
    assert "SERVER_GONE" in said
    assert form != "json" or json.loads(said) == json.loads(output.read_text(encoding="utf-8"))
