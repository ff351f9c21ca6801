"""`omnishelf bench parts`: what it refuses, and what it prints of what was found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.commands import parts as command
from benchmarks.goals import GOALS
from benchmarks.parts.found import Found
from benchmarks.parts.run import Measured, judged_texts, workload_of
from benchmarks.results.file import read
from benchmarks.results.intervals import Estimate
from server.cli import main
from tests.benchmarks.workloads.small_shop import SmallShop, write_small_shop


@pytest.fixture
def shop(tmp_path: Path) -> SmallShop:
    return write_small_shop(tmp_path)


@pytest.fixture
def found(shop: SmallShop, monkeypatch: pytest.MonkeyPatch) -> Found:
    """What is found at once instead of in minutes."""
    made = Found()
    made.figures["search_over_bare"] = Estimate(median=1.01, rounds=5, low=0.99, high=1.04)
    made.figures["tail_at_half"] = Estimate(median=3.0, rounds=5, low=2.8, high=3.3)
    made.cannot("start_seconds", reason="left out of a quick run")
    workload = workload_of(shop.catalogue, shop.queries, judged_texts(shop.queries))
    measured = Measured(found=made, workload=workload, products=4)
    monkeypatch.setattr(command, "measured", lambda *_, **__: measured)
    return made


def bench(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        main(["bench", "parts", *map(str, arguments)])
    assert isinstance(left.value.code, int)
    return left.value.code


def test_a_shop_without_queries_is_refused(
    shop: SmallShop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("--shop", shop.catalogue) == 2
    assert "--queries" in capsys.readouterr().err


def test_json_gives_plain_numbers_by_goal(
    shop: SmallShop, found: Found, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("--shop", shop.catalogue, "--queries", shop.queries, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["search_over_bare"] == 1.01
    assert said["start_seconds"] is None
    assert said["reasons"] == {"start_seconds": "left out of a quick run"}
    assert said["intervals"]["tail_at_half"]["high"] == 3.3


def test_the_table_has_a_row_for_each_goal(
    shop: SmallShop, found: Found, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("--shop", shop.catalogue, "--queries", shop.queries) == 0
    said = capsys.readouterr().out
    assert all(goal.words in said for goal in GOALS)
    assert "missed by 20 %" in said
    assert "not measured: left out of a quick run" in said


def test_the_result_is_a_file_that_can_be_read(
    shop: SmallShop, found: Found, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, page = tmp_path / "parts.json", tmp_path / "parts.html"
    files = ("--output", output, "--html", page)
    assert bench("--shop", shop.catalogue, "--queries", shop.queries, "--json", *files) == 0
    result = read(output)
    assert result.command == "parts"
    assert result.data.products == 4
    assert str(tmp_path) not in output.read_text("utf-8")
    assert "whole request over its bare parts" in page.read_text("utf-8")
    assert json.loads(capsys.readouterr().out)["search_over_bare"] == 1.01
