"""`omnishelf bench compare` as people run it: exit codes, JSON, words; without the extra too."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.results.file import write
from benchmarks.results.values import BenchResult
from server.cli import main
from tests.benchmarks.results.made import BUSY, GONE, made_result, made_system, with_marks

PLAIN = made_result(made_system(), made_system("echo"))
SLOW = made_result(made_system(times=[1.5, 1.65, 1.35, 1.575, 1.425]), made_system("echo"))
WITHOUT_EXTRA = """
import sys
for name in "fastapi hdrh httptools matplotlib psutil urllib3 uvicorn uvloop".split():
    sys.modules[name] = None
from server.cli import main
main(["bench", "compare", *sys.argv[1:]])
"""

Compare = Callable[..., int | str | None]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    def run(before: BenchResult, after: BenchResult, *options: str) -> int | str | None:
        write(before, tmp_path / "a.json")
        write(after, tmp_path / "b.json")
        with pytest.raises(SystemExit) as left:
            main(["bench", "compare", f"{tmp_path}/a.json", f"{tmp_path}/b.json", *options])
        return left.value.code

    return run


@pytest.mark.parametrize(
    ("before", "after", "options", "code"),
    [
        (PLAIN, PLAIN, (), 0),
        (PLAIN, PLAIN, ("--by", "0"), 0),
        (PLAIN, SLOW, (), 1),
        (PLAIN, SLOW, ("--by", "0.6"), 0),
        (SLOW, PLAIN, (), 0),
        (PLAIN, replace(PLAIN, arrivals="constant"), (), 2),
        (PLAIN, replace(PLAIN, machine={"cores": "8"}), (), 2),
        (PLAIN, replace(PLAIN, machine={"cores": "8"}), ("--other-machine",), 0),
        (PLAIN, PLAIN, ("--by", "-1"), 2),
    ],
)
def test_exit_codes(
    before: BenchResult, after: BenchResult, options: tuple[str, ...], code: int, compare: Compare
) -> None:
    assert (compare(before, after, *options) or 0) == code


def test_words_say_what_is_worse_and_by_how_much(
    compare: Compare, capsys: pytest.CaptureFixture[str]
) -> None:
    marked = replace(SLOW, systems=(with_marks(SLOW.systems[0], {1: BUSY}), *SLOW.systems[1:]))
    compare(PLAIN, marked)
    said = capsys.readouterr().out
    row = next(line.split() for line in said.splitlines() if line.startswith(" p50, ms"))
    assert row[4] == "1.500"
    assert row[-1] == "worse"
    assert "The echo, which is the same in both, took 1.000 times as long" in said
    assert "An interval holds the true ratio with 96.8 % (5 rounds before, 5 after)." in said
    assert "MACHINE_BUSY in 1 rounds after." in said
    assert said.rstrip().endswith("B is worse by more than 5 % in p50, p90, p99.")


def test_json_holds_the_rule_the_ratios_and_the_verdict(
    compare: Compare, capsys: pytest.CaptureFixture[str]
) -> None:
    compare(PLAIN, SLOW, "--json")
    said = json.loads(capsys.readouterr().out)
    assert said["worse"] is True
    assert said["worse_in"] == ["p50_ms", "p90_ms", "p99_ms"]
    ratio = said["measures"]["p50_ms"]["ratio"]
    assert ratio["median"] == pytest.approx(1.5, rel=0.01)
    assert ratio["low"] < ratio["median"] < ratio["high"]
    assert ratio["confidence"] >= 0.95
    assert said["measures"]["memory_mb"]["standing"] == "same"
    assert "interval does not hold 1" in said["rule"]


def test_too_few_valid_rounds_are_refused_in_words(
    compare: Compare, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = made_result(with_marks(made_system(), dict.fromkeys(range(3), GONE)))
    assert compare(PLAIN, spoilt) == 2
    assert "2 of its 5 rounds are valid, and 3 are needed" in capsys.readouterr().err


def test_a_file_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(SystemExit) as left:
        main(["bench", "compare", f"{tmp_path}/a.json", f"{tmp_path}/none.json"])
    assert left.value.code == 2
    assert "schema is None" in capsys.readouterr().err


def test_results_are_compared_where_the_extra_is_not_installed(tmp_path: Path) -> None:
    write(PLAIN, tmp_path / "a.json")
    write(SLOW, tmp_path / "b.json")
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA, tmp_path / "a.json", tmp_path / "b.json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 1, ran.stderr
    assert "B is worse by more than 5 %" in ran.stdout
