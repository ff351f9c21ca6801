"""A packed version unpacks as it was; what is damaged, lacking or too large writes nothing."""

import io
import zipfile
from pathlib import Path

import pytest

from ranker import archive
from ranker.archive import pack, unpack
from ranker.errors import ModelRefused
from ranker.registry import load, save
from ranker.train import TrainedRanker
from ranker.version_files import read_files


@pytest.fixture
def saved(tmp_path: Path, trained: TrainedRanker) -> Path:
    save(tmp_path / "one", trained, provenance={})
    return tmp_path / "one"


def zipped(**contents: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in contents.items():
            made.writestr(name.replace("__", "/").replace("_", "."), data)
    return packed.getvalue()


def test_unpacks_what_was_packed(saved: Path, tmp_path: Path) -> None:
    files = read_files(saved)
    packed = pack(files)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "left over").touch()
    unpack(packed, tmp_path / "two")
    assert read_files(tmp_path / "two") == files
    assert not (tmp_path / "two" / "left over").exists()
    assert pack(read_files(tmp_path / "two")) == packed
    assert load(tmp_path / "two").id == load(saved).id


def test_only_files_of_a_version_are_written(tmp_path: Path) -> None:
    needed = {"manifest_json": b"{}", "model_txt": b"", "schema_json": b"", "sample_json": b""}
    unpack(zipped(**needed, ____up_txt=b"out", other_txt=b"no"), tmp_path / "one")
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [
        "manifest.json",
        "model.txt",
        "sample.json",
        "schema.json",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        pytest.param(lambda packed: packed[:-40], "RANKER_UNPARSABLE", id="cut"),
        pytest.param(lambda packed: b"", "RANKER_UNPARSABLE", id="empty"),
        pytest.param(
            lambda packed: packed[:400] + bytes(50) + packed[450:], "RANKER_UNPARSABLE", id="zeros"
        ),
        pytest.param(lambda packed: zipped(model_txt=b""), "RANKER_UNPARSABLE", id="files lack"),
    ],
)
def test_refuses(saved: Path, tmp_path: Path, damage: object, reason: str) -> None:
    assert callable(damage)
    with pytest.raises(ModelRefused) as refusal:
        unpack(damage(pack(read_files(saved))), tmp_path / "two")
    assert refusal.value.reason == reason
    assert not (tmp_path / "two").exists()


def test_refuses_a_file_that_swells_over_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "SIZE_LIMITS", {"model.txt": 1_000})
    with pytest.raises(ModelRefused) as refusal:
        unpack(zipped(model_txt=bytes(1_001)), tmp_path / "two")
    assert refusal.value.reason == "RANKER_TOO_LARGE"
