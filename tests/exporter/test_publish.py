"""A directory that is put in its place in one step, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter import publish
from exporter.export_error import ExportError
from exporter.publish import published
from exporter.spec import MANIFEST_NAME


def write(folder: Path, text: str) -> None:
    (folder / MANIFEST_NAME).write_text(text)
    (folder / f"tower-{text}.onnx").write_text(text)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("at_once", [True, False], ids=["exchanged", "moved aside"])
def test_a_finished_directory_replaces_the_old_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(publish, "_exchanged", lambda *_: False)
    output = tmp_path / "deep" / "bundle"
    for text in ("first", "second", "third"):
        with published(output) as part:
            assert names(part) == []
            write(part, text)
            assert not (output / f"tower-{text}.onnx").exists()
        assert names(output) == [MANIFEST_NAME, f"tower-{text}.onnx"]
    assert names(tmp_path / "deep") == ["bundle"]


def fail(output: Path) -> None:
    with published(output) as part:
        write(part, "new")
        raise ZeroDivisionError


@pytest.mark.parametrize("existing", [True, False])
def test_an_error_changes_nothing_and_leaves_nothing(tmp_path: Path, *, existing: bool) -> None:
    output = tmp_path / "bundle"
    if existing:
        with published(output) as part:
            write(part, "old")
    with pytest.raises(ZeroDivisionError):
        fail(output)
    assert names(tmp_path) == (["bundle"] if existing else [])
    if existing:
        assert names(output) == [MANIFEST_NAME, "tower-old.onnx"]


def test_what_a_killed_process_left_is_emptied_first(tmp_path: Path) -> None:
    left = tmp_path / ".bundle.part"
    (left / "folder").mkdir(parents=True)
    (left / "half.onnx").write_text("half")
    with published(tmp_path / "bundle") as part:
        write(part, "new")
    assert names(tmp_path) == ["bundle"]
    assert names(tmp_path / "bundle") == [MANIFEST_NAME, "tower-new.onnx"]


def test_two_at_once_are_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with published(tmp_path / "bundle") as part:
        write(part, "first")
        with pytest.raises(ExportError) as refused, published(tmp_path / "bundle"):
            pass
        assert refused.value.reason == "EXPORT_RUNNING"
    assert names(tmp_path / "bundle") == [MANIFEST_NAME, "tower-first.onnx"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    with published(tmp_path / "v1") as part:
        write(part, "old")
    (tmp_path / "current").symlink_to(tmp_path / "v1")
    with published(tmp_path / "current") as part:
        write(part, "new")
    assert (tmp_path / "current").is_symlink()
    assert names(tmp_path / "v1") == [MANIFEST_NAME, "tower-new.onnx"]


def test_a_folder_of_other_things_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("cat")
    for output in (tmp_path / "photos", tmp_path / "photos" / "cat.jpg"):
        with pytest.raises(ExportError) as refused, published(output):
            pass
        assert refused.value.reason == "EXPORT_OUTPUT"
    assert names(tmp_path / "photos") == ["cat.jpg"]
