"""One writer at a time, in a place that no reader takes for a model."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.triton.errors import RepositoryError
from exporter.triton.staging import discard, link_or_copy, only_writer, replace_text

WRITER = """
import sys
from pathlib import Path
from exporter.triton.staging import only_writer
print("waiting", flush=True)
with only_writer(Path(sys.argv[1])):
    print("in")
"""


def directories(place: Path) -> set[str]:
    return {each.name for each in place.iterdir() if each.is_dir()}


def test_the_staging_is_beside_the_repository_and_gone_after(tmp_path: Path) -> None:
    with only_writer(tmp_path / "models") as staging:
        assert staging.parent == tmp_path
        assert not directories(tmp_path / "models")
    assert directories(tmp_path) == {"models"}


def test_a_mount_of_its_own_has_its_staging_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def across_mounts(self: Path, target: Path) -> Path:
        raise OSError(errno.EXDEV, f"{self} and {target} are two mounts")

    monkeypatch.setattr(Path, "rename", across_mounts)
    with only_writer(tmp_path / "models") as staging:
        assert staging.parent == tmp_path / "models"
        assert directories(tmp_path) == {"models"}
    assert not directories(tmp_path / "models")


def test_what_a_killed_writer_left_is_cleared(tmp_path: Path) -> None:
    with only_writer(tmp_path / "models") as staging:
        name = staging.name
    for left in (tmp_path / name / "half", tmp_path / "models" / ".omnishelf.staging" / "half"):
        left.mkdir(parents=True)
    with only_writer(tmp_path / "models") as staging:
        assert not list(staging.iterdir())
        assert not directories(tmp_path / "models")


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    with only_writer(tmp_path / "models"):
        second = subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path / "models"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert second.stdout is not None
        assert second.stdout.readline() == "waiting\n"
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(0.3)
    output, _ = second.communicate()
    assert (output, second.returncode) == ("in\n", 0)


def test_a_file_is_replaced_only_by_another_text(tmp_path: Path) -> None:
    place, staging = tmp_path / "config", tmp_path / "staging"
    staging.mkdir()
    assert replace_text(place, "a", staging=staging)
    before = place.stat()
    assert not replace_text(place, "a", staging=staging)
    assert place.stat() == before
    assert replace_text(place, "b", staging=staging)
    assert place.read_text() == "b"


def test_files_share_their_blocks_where_they_can(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("weights")
    link_or_copy(source, tmp_path / "deep" / "link")
    assert (tmp_path / "deep" / "link").samefile(source)


def test_files_are_copied_where_they_cannot_be_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(self: Path, target: Path) -> None:
        raise OSError(errno.EPERM, f"no link from {self} to {target}")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    source = tmp_path / "source"
    source.write_text("weights")
    link_or_copy(source, tmp_path / "copy")
    assert not (tmp_path / "copy").samefile(source)
    assert (tmp_path / "copy").read_text() == "weights"


def test_a_discarded_directory_is_gone(tmp_path: Path) -> None:
    (tmp_path / "model" / "1").mkdir(parents=True)
    (tmp_path / "staging").mkdir()
    discard(tmp_path / "model" / "1", staging=tmp_path / "staging")
    assert not list((tmp_path / "model").iterdir())
    assert not list((tmp_path / "staging").iterdir())


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(RepositoryError, match="give permission") as refused,
        only_writer(tmp_path / "file" / "models"),
    ):
        pass
    assert refused.value.reason == "REPOSITORY_UNWRITABLE"
