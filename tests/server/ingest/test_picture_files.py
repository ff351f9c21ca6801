"""The picture a row names: where it may be read from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.encoders.image import DEFAULT_LIMITS
from server.ingest.cells import CellRefused
from server.ingest.picture_files import picture_bytes, picture_names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shop = tmp_path / "shop"
    (shop / "images").mkdir(parents=True)
    (shop / "images" / "a.jpg").write_bytes(b"picture a")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    return shop


@pytest.mark.parametrize(
    ("cell", "data"),
    [
        ("images/a.jpg", b"picture a"),
        ("./images/../images/a.jpg", b"picture a"),
        (["images/a.jpg", "images/none.jpg"], b"picture a"),
        ({"path": "images/a.jpg", "bytes": None}, b"picture a"),
        ({"path": "elsewhere.jpg", "bytes": b"inline"}, b"inline"),
        (b"inline", b"inline"),
        (None, None),
        ("", None),
        ([], None),
    ],
)
def test_the_main_picture_is_read(folder: Path, cell: object, data: bytes | None) -> None:
    assert picture_bytes(cell, folder=folder) == data


def test_a_link_inside_the_folder_is_followed(folder: Path) -> None:
    (folder / "linked").symlink_to(folder.parent, target_is_directory=True)
    assert picture_bytes("linked/secret.jpg", folder=folder) == b"secret"


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("../secret.jpg", "PICTURE_OUTSIDE"),
        ("images/../../secret.jpg", "PICTURE_OUTSIDE"),
        ("/etc/passwd", "PICTURE_OUTSIDE"),
        ("images/a.jpg\0", "PICTURE_OUTSIDE"),
        ("images/none.jpg", "PICTURE_NOT_FOUND"),
        ("images", "PICTURE_NOT_FOUND"),
        ("x" * 5_000, "PICTURE_UNREADABLE"),
        ("https://example.com/a.jpg", "PICTURE_REMOTE"),
        ("data:image/png;base64,AAAA", "PICTURE_REMOTE"),
        (12.5, "PICTURE_NOT_FOUND"),
        ([["a"]], "NOT_TEXT"),
    ],
)
def test_a_picture_is_refused(folder: Path, cell: object, reason: str) -> None:
    with pytest.raises(CellRefused) as refused:
        picture_bytes(cell, folder=folder)
    assert refused.value.reason == reason


def test_no_way_out_of_the_working_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert picture_bytes("images/a.jpg", folder=Path()) == b"picture a"
    with pytest.raises(CellRefused, match="leaves the folder"):
        picture_bytes("../secret.jpg", folder=Path())


def test_a_picture_too_large_is_not_read(folder: Path) -> None:
    with (folder / "huge.png").open("wb") as file:
        file.truncate(DEFAULT_LIMITS.bytes + 1)
    with pytest.raises(CellRefused) as refused:
        picture_bytes("huge.png", folder=folder)
    assert refused.value.reason == "PICTURE_TOO_LARGE"


def test_all_names_are_kept_in_order() -> None:
    cell = ["b.jpg", "a.jpg", "", "b.jpg", {"path": "c.jpg", "bytes": b"c"}, b"nameless"]
    assert picture_names(cell) == ("b.jpg", "a.jpg", "c.jpg")
