"""Files of a version are plain, inside their directory and of bounded size before they are read."""

import hashlib
import json
import os
import pickle
import pickletools
from pathlib import Path

import pytest

from ranker.errors import ModelRefused
from ranker.manifest import SIZE_LIMITS
from ranker.version_files import looks_like_a_pickle, read_files

MODEL = b"tree\nversion=v4\n"


def write_version(directory: Path) -> Path:
    directory.mkdir()
    files = {"model.txt": MODEL, "schema.json": b"{}", "sample.json": b"{}"}
    for name, data in files.items():
        (directory / name).write_bytes(data)
    manifest = {
        "name": "made-up",
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        "features": [],
        "fingerprint": "0" * 64,
        "metrics": {},
        "provenance": {},
    }
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return directory


def refusal_of(directory: Path) -> str:
    with pytest.raises(ModelRefused) as refusal:
        read_files(directory)
    assert str(directory) in str(refusal.value)
    return refusal.value.reason


def test_reads_every_file_and_the_manifest(tmp_path: Path) -> None:
    files = read_files(write_version(tmp_path / "one"))
    assert sorted(files.contents) == ["manifest.json", "model.txt", "sample.json", "schema.json"]
    assert files.contents["model.txt"] == MODEL
    assert files.manifest.name == "made-up"


@pytest.mark.parametrize("name", ["model.txt", "manifest.json"])
def test_refuses_a_link_that_leaves_the_directory(tmp_path: Path, name: str) -> None:
    directory = write_version(tmp_path / "one")
    (directory / name).rename(tmp_path / "elsewhere")
    (directory / name).symlink_to(tmp_path / "elsewhere")
    assert refusal_of(directory) == "RANKER_LINK"


def test_follows_a_link_inside_the_directory(tmp_path: Path) -> None:
    directory = write_version(tmp_path / "one")
    (directory / "model.txt").rename(directory / "trees.txt")
    (directory / "model.txt").symlink_to("trees.txt")
    assert read_files(directory).contents["model.txt"] == MODEL


def test_a_version_may_be_reached_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(write_version(tmp_path / "one"))
    assert read_files(tmp_path / "latest").manifest.name == "made-up"


def test_refuses_links_in_a_circle(tmp_path: Path) -> None:
    directory = write_version(tmp_path / "one")
    (directory / "model.txt").unlink()
    (directory / "model.txt").symlink_to("model.txt")
    assert refusal_of(directory) == "RANKER_NOT_FOUND"


def test_refuses_a_pipe_without_waiting_for_it(tmp_path: Path) -> None:
    directory = write_version(tmp_path / "one")
    (directory / "model.txt").unlink()
    os.mkfifo(directory / "model.txt")
    assert refusal_of(directory) == "RANKER_NOT_FOUND"


@pytest.mark.parametrize("name", ["model.txt", "manifest.json"])
def test_refuses_a_file_over_its_limit(tmp_path: Path, name: str) -> None:
    directory = write_version(tmp_path / "one")
    # A hole in the file takes no disk.
    os.truncate(directory / name, SIZE_LIMITS[name] + 1)
    assert refusal_of(directory) == "RANKER_TOO_LARGE"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [{"a": [1]}, [1.5], ("x",), "text", 7, None, b"b", {1, 2}])
def test_knows_pickles_of_every_protocol(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol=protocol)
    assert looks_like_a_pickle(data)
    assert looks_like_a_pickle(pickletools.optimize(data))
