"""`omnishelf bench sweep` on a real server whose capacity is known."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.commands.sweep import figures_of, notes_of, probe_of
from benchmarks.load.echo import Echo, echo
from benchmarks.load.highest_rate import HighestRate, Probe
from benchmarks.load.histogram import latency_of
from benchmarks.results.file import read
from benchmarks.results.values import Quality, RoundResult
from benchmarks.workloads.files import write_workload
from benchmarks.workloads.workload import Kind, Question, Workload
from server.cli import main


def held(rate: float, *rates: float) -> HighestRate:
    return HighestRate(
        median=rate,
        low=rate,
        high=rate,
        limit_ms=50.0,
        curve=tuple(
            Probe(rate=each, p50_ms=1.0, p99_ms=2.0, throughput=each, error_share=0.0)
            for each in rates
        ),
    )


def round_of(milliseconds: Sequence[float], **statuses: int) -> RoundResult:
    return RoundResult(
        planned_rate=10.0, sent_rate=10.0, throughput=9.0, seconds=1.0,
        latency=latency_of([each / 1e3 for each in milliseconds]), by_kind={}, statuses=statuses,
        fallbacks={}, stages=(), cpu_ms_a_request={}, resident_mb={}, quality=Quality(judged=0),
    )  # fmt: skip


def test_a_sweep_finds_a_rate_and_tells_its_curve(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = pb.SearchProductsRequest(parent="catalogs/shop", query=[pb.QueryPart(text="red")])
    question = Question(kind=Kind.TEXT, request=request.SerializeToString())
    made = Workload(name="one", catalog="shop", data="", questions=(question,))
    asked, output = tmp_path / "workload.jsonl", tmp_path / "result.json"
    write_workload(made, asked)
    with echo(Echo(delay_seconds=0.1)) as server, pytest.raises(SystemExit) as left:
        main(
            ["bench", "sweep", "--p99", "1500", "--server", server.address,
             "--workload", str(asked), "--start", "40", "--seconds", "0.5", "--rounds", "1",
             "--warm-up", "0.1", "--arrivals", "constant", "--output", str(output)]
        )  # fmt: skip
    assert left.value.code == 0
    assert "requests a second within 1,500 ms" in capsys.readouterr().out.replace("1500", "1,500")
    found = read(output)
    rate = found.figures["highest_rate"]
    assert isinstance(rate, dict)
    # Eight threads of 100 ms answer 80 a second: what is due in half a second at 400 a second
    # waits longer than the limit, on any machine.
    assert 0 < rate["median"] <= 400
    curve = found.figures["curve"]
    assert isinstance(curve, list)
    rates = [each["rate"] for each in curve]
    assert rates == sorted(rates)
    assert {"system", "rate", "p50", "p99", "throughput", "valid"} == curve[0].keys()
    (system,) = found.systems
    assert system.rounds[0].planned_rate == rate["median"]


def test_several_systems_have_their_ratio() -> None:
    figures = figures_of({"omnishelf": held(60.0, 30.0, 60.0), "peer": held(20.0, 20.0)})
    assert figures["highest_rate"] == {"median": 60.0, "low": 60.0, "high": 60.0}
    assert figures["highest_rate_over"] == {"peer": {"median": 3.0}}
    assert [(each["system"], each["rate"]) for each in figures["curve"]] == [  # type: ignore[attr-defined]
        ("omnishelf", 30.0),
        ("omnishelf", 60.0),
        ("peer", 20.0),
    ]


def test_a_peer_that_holds_nothing_has_no_ratio() -> None:
    figures = figures_of({"omnishelf": held(60.0), "peer": held(0.0)})
    assert figures["highest_rate_over"] == {}


def test_a_limit_of_the_client_is_said_to_be_one() -> None:
    fine, slow = held(30.0, 30.0, 60.0), held(30.0, 30.0, 60.0)
    lost = replace(fine, curve=(fine.curve[0], replace(fine.curve[1], valid=False)))
    late = replace(slow, curve=(slow.curve[0], replace(slow.curve[1], valid=False, p99_ms=51.0)))
    assert notes_of({"omnishelf": fine, "peer": late}) == []
    (note,) = notes_of({"omnishelf": lost})
    assert "From 60.0 requests a second on" in note


def test_a_round_as_the_search_sees_it() -> None:
    probe = probe_of(round_of([10.0, 20.0], OK=2, RESOURCE_EXHAUSTED=1, UNANSWERED=1), rate=10.0)
    assert probe.error_share == 0.5
    assert (probe.p50_ms, probe.p99_ms) == pytest.approx((10.0, 20.0), rel=1e-3)
    assert not probe.within(100.0)


def test_a_round_without_answers_holds_nothing() -> None:
    assert not probe_of(round_of([], UNAVAILABLE=3), rate=10.0).within(100.0)
    assert not probe_of(round_of([]), rate=10.0).within(100.0)
