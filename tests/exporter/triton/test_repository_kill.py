"""A publisher killed at any of its steps leaves the old or the new, and the next one finishes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.spec import file_record
from exporter.triton.model_config import parse_config
from exporter.triton.options import ServingOptions
from exporter.triton.repository import publish, read_published
from tests.exporter.triton.test_repository import make_bundle

# Kills itself at the n-th change of the file system, seen by the interpreter before it is made.
PUBLISHER = """
import os, signal, sys
from pathlib import Path
from exporter.triton import repository
from exporter.triton.options import ServingOptions
bundle, models, script, runtime, fatal = sys.argv[1:]
repository.SCRIPT = Path(script)
options = ServingOptions(runtime=runtime, device="cpu")
CHANGES = {"os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir"}
seen = 0
def watch(event, arguments):
    global seen
    writes = event == "open" and isinstance(arguments[1], str) and arguments[1][0] in "wa"
    if event in CHANGES or writes:
        seen += 1
        if seen == int(fatal):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
repository.publish(Path(bundle), Path(models), options=options, keep=1)
"""
OLD = ServingOptions(runtime="onnxruntime", device="cpu")
NEW = ServingOptions(runtime="python", device="cpu")
STEPS = 30
"""More than a publisher takes, so that the last of them lets it finish."""


class Shop:
    """A bundle, a repository, and the script of two releases."""

    def __init__(self, folder: Path) -> None:
        self.bundle, self.models = folder / "bundle", folder / "models"
        self.old, self.new = folder / "old.py", folder / "new.py"
        self.old.write_text("old", "utf-8")
        self.new.write_text("new", "utf-8")
        make_bundle(self.bundle)

    def publish_killed_at(self, step: int, *, release: Path, options: ServingOptions) -> int:
        return subprocess.run(
            [sys.executable, "-c", PUBLISHER, self.bundle, self.models, release, options.runtime,
             str(step)],
            check=False,
        ).returncode  # fmt: skip

    def check_what_is_seen(self) -> None:
        """Every model that Triton can see can be served, from files that are what they were."""
        for place in (path for path in self.models.glob("*") if path.is_dir()):
            config = parse_config((place / "config.pbtxt").read_text("utf-8"))
            versions = sorted(int(path.name) for path in place.iterdir() if path.name.isdigit())
            assert config.backend in {"onnxruntime", "python"}
            assert versions
            for version in versions:
                folder = place / str(version)
                assert (folder / "model.onnx").read_text("utf-8") == "graph"
                assert (folder / "text.onnx.data").read_text("utf-8") == "weights"
                assert (folder / "model.py").read_text("utf-8") in {"old", "new"}
            record = json.loads((place / "omnishelf.json").read_text("utf-8"))
            assert {int(number) for number in record["versions"]} <= set(versions)


@pytest.mark.parametrize("stands", [False, True], ids=["fresh", "over an old one"])
def test_killed_at_any_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stands: bool) -> None:  # noqa: FBT001
    ended = []
    for step in (*range(1, STEPS, 3), 1000):
        folder = tmp_path / str(step)
        folder.mkdir()
        shop = Shop(folder)
        if stands:
            monkeypatch.setattr("exporter.triton.repository.SCRIPT", shop.old)
            publish(shop.bundle, shop.models, options=OLD, keep=1)
        ended.append(shop.publish_killed_at(step, release=shop.new, options=NEW))
        shop.check_what_is_seen()

        monkeypatch.setattr("exporter.triton.repository.SCRIPT", shop.new)
        published = publish(shop.bundle, shop.models, options=NEW, keep=1)
        (model,) = published.models
        assert read_published(shop.models) == (model,)
        assert model.versions[model.version]["model.py"] == file_record(shop.new).sha256
        seen = {path.name for path in (shop.models / model.name).iterdir() if path.is_dir()}
        assert seen == {str(model.version)}
        assert {path.name for path in folder.iterdir() if path.is_dir()} == {"bundle", "models"}
        assert publish(shop.bundle, shop.models, options=NEW, keep=1).changed == ()
    assert ended[-1] == os.EX_OK
    assert ended.count(-signal.SIGKILL) >= 5


def test_two_at_once_publish_one_thing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    places = [str(place) for place in (shop.bundle, shop.models, shop.new)]
    arguments = [sys.executable, "-c", PUBLISHER, *places, "python", "0"]
    both = [subprocess.Popen(arguments) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    (model,) = read_published(shop.models)
    assert list(model.versions) == [1]
    shop.check_what_is_seen()
