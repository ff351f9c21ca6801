"""A command is watched while it runs, and every moment belongs to a part."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from benchmarks.start_sampling import PARTS, part_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("paths", "part"),
    [
        (["<frozen importlib._bootstrap>", "/x/server/encoders/a.py"], "import"),
        (["/lib/onnxruntime/s.py", "/x/server/encoders/embedded.py", "/x/server/app.py"], "bundle"),
        (["/lib/subprocess.py", "/x/ranker/trial.py", "/x/server/rankers/loading.py"], "ranker"),
        (["/lib/grpc/_channel.py", "/x/server/retrieval/milvus.py"], "engine"),
        (["/x/server/retrieval/analysis.py"], "words"),
        (["/x/server/signals/table.py", "/x/server/catalog/load.py"], "catalog"),
        (["/x/server/settings.py"], "other"),
        ([threading.__file__, "/x/server/encoders/shelf.py"], "waiting"),
        ([], "other"),
    ],
)
def test_the_innermost_frame_that_has_a_part_decides(paths: list[str], part: str) -> None:
    assert part_of(iter(paths)) == part


def test_a_commands_start_is_written_when_it_has_ended(tmp_path: Path) -> None:
    file = tmp_path / "samples.json"
    command = [sys.executable, "-m", "benchmarks.start_sampling", str(file), "serve", "--help"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Serve searches" in ran.stdout
    seen = json.loads(file.read_text())
    times = [at for at, _ in seen]
    assert times == sorted(times)
    assert {part for _, part in seen} <= set(PARTS)
    assert "import" in {part for _, part in seen}
