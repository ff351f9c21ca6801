"""The manifest: the names a version may have, and what a broken one is refused for."""

import json
from pathlib import Path

import pytest

from ranker.errors import ModelRefused, RankingError
from ranker.manifest import RankerManifest, checked_name, read_manifest

HASHES = {"model.txt": "1", "schema.json": "2", "sample.json": "3"}


@pytest.mark.parametrize("name", ["", "a b", "../up", "-x", ".x", "x" * 65, "a/b", "käse"])
def test_names_that_cannot_be_part_of_a_path(name: str) -> None:
    with pytest.raises(RankingError, match="cannot name a ranker"):
        checked_name(name)


def written(directory: Path, **changes: object) -> Path:
    manifest = RankerManifest(
        name="one",
        files={**HASHES, "model.onnx": "4"},
        features=("likeness",),
        fingerprint="f",
        metrics={"ndcg@10": 0.5},
        provenance={"data": "red cups 红"},
    )
    document = json.loads(manifest.to_json()) | changes
    (directory / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
    return directory


def test_reads_what_was_written_and_knows_only_files_of_a_version(tmp_path: Path) -> None:
    files = {**HASHES, "reference.json": "5", "../elsewhere": "6"}
    manifest = read_manifest(written(tmp_path, files=files))
    assert manifest.files == {**HASHES, "reference.json": "5"}
    assert manifest.provenance == {"data": "red cups 红"}
    assert read_manifest(written(tmp_path)).files["model.onnx"] == "4"


@pytest.mark.parametrize(
    "changes",
    [{"name": "../up"}, {"files": {"model.txt": "1"}}, {"metrics": {"a": "high"}}, {"features": 3}],
)
def test_refuses_a_broken_one(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(ModelRefused) as refusal:
        read_manifest(written(tmp_path, **changes))
    assert refusal.value.reason == "RANKER_UNPARSABLE"
