"""`omnishelf bench draw`."""

import json
from pathlib import Path

import pytest

from benchmarks.workloads.files import read_workload
from server.cli import main
from tests.benchmarks.workloads.small_shop import write_small_shop


def run(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as caught:
        main(["bench", "draw", *arguments])
    return caught.value.code


def test_a_workload_is_drawn_into_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, output = write_small_shop(tmp_path), tmp_path / "small.jsonl"
    arguments = [str(shop.catalogue), str(shop.queries), "--output", str(output)]
    assert not run(*arguments, "--kinds", "text=3,picture", "--questions", "8", "--json")
    workload = read_workload(output)
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "file": str(output),
        "questions": 8,
        "distinct": 6,  # four texts, and two of the pictures
        "kinds": {"picture": 2, "text": 6},
        "data_sha256": workload.data,
        "workload_sha256": workload.digest,
    }
    assert run(*arguments) == 2
    assert "--replace" in capsys.readouterr().err
    assert not run(*arguments, "--kinds", "text", "--questions", "5", "--replace", "--zipf", "1")
    assert "5 questions, " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--kinds", "song"], "'song' is no kind"),
        (["--zipf", "-1"], "--zipf: give a number from 0"),
        (["--kinds", "voice"], "name a folder of WAV files"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    shop, output = write_small_shop(tmp_path), tmp_path / "small.jsonl"
    assert run(str(shop.catalogue), str(shop.queries), "-o", str(output), *flags) == 2
    assert said in capsys.readouterr().err
    assert not output.exists()
