"""`omnishelf bench scale` measures small sizes, keeps builds, and refuses what it cannot do."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.commands.app import imported
from benchmarks.results.file import read
from exporter.spec import STARTER_DIRECTORY, load_manifest
from server.errors import InvalidRequest

SCALE = imported("scale")


@pytest.fixture
def keep(tmp_path: Path) -> Path:
    """A folder with few captions in it, so that none is encoded."""
    folder = tmp_path / "keep"
    folder.mkdir()
    manifest = load_manifest(STARTER_DIRECTORY)
    captions = np.eye(32, manifest.dimension, dtype=np.float32)
    np.save(folder / f"captions_{manifest.id}.npy", captions)
    return folder


def test_a_run_prints_writes_and_keeps(keep: Path, tmp_path: Path) -> None:
    output = tmp_path / "scale.json"
    arguments = ["--sizes", "1000", "--engines", "exact,lite-flat", "--rounds", "1"]
    run = CliRunner().invoke(SCALE, [*arguments, "--keep", str(keep), "--output", str(output)])
    assert run.exit_code == 0, run.output
    assert "lite-flat" in run.stdout
    assert "1,000" in run.stdout

    result = read(output)
    records = result.figures["scale"]
    assert isinstance(records, list | tuple)
    assert len(records) == 2
    assert all(each["recall_at_10"] == 1.0 for each in records)
    assert result.figures["million_over_ten_thousand"] is None
    assert (result.command, result.data.products) == ("scale", 1_000)
    assert str(tmp_path) not in output.read_text()
    assert set(result.arguments) == {"sizes", "engines", "rounds", "minutes", "bundle"}

    built = json.loads((keep / "lite-flat" / "built.json").read_text())
    assert [each["products"] for each in built] == [1_000]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sizes", "ten"], "10000,100000"),
        (["--engines", "faiss"], "lite-flat"),
        (["--sizes", "100000", "--engines", "exact", "--minutes", "0"], "--minutes"),
    ],
    ids=["sizes", "engines", "time"],
)
def test_what_cannot_be_done_is_refused_before_anything_is_built(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    run = CliRunner().invoke(SCALE, [*arguments, "--keep", str(tmp_path / "keep")])
    assert isinstance(run.exception, InvalidRequest)
    assert said in str(run.exception)
    assert not list((tmp_path / "keep").glob("*"))
