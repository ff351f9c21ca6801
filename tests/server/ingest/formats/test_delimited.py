"""Delimited text: delimiters, quotes, and rows that do not fit their header."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.errors import InvalidRequest
from server.ingest.formats.delimited import Delimited
from server.ingest.formats.protocol import BrokenRow, RawRow


def write(path: Path, content: bytes) -> Delimited:
    file = path / "rows.csv"
    file.write_bytes(content)
    return Delimited(path=file)


@pytest.mark.parametrize(
    "content",
    [
        b"id,title\na,Mug\n",
        b"id;title\na;Mug\n",
        b"id\ttitle\na\tMug\n",
        b"\xef\xbb\xbfid,title\r\na,Mug",
    ],
    ids=["comma", "semicolon", "tab", "mark"],
)
def test_the_header_says_the_delimiter(tmp_path: Path, content: bytes) -> None:
    source = write(tmp_path, content)
    assert list(source) == [RawRow(number=2, values={"id": "a", "title": "Mug"})]
    assert (source.survey().columns, source.survey().rows) == (("id", "title"), 1)


def test_a_quoted_cell_may_hold_delimiters_and_lines(tmp_path: Path) -> None:
    rows = list(write(tmp_path, b'id,title\na,"Mug, ""blue""\nlarge"\nb,Cup\n'))
    assert rows == [
        RawRow(number=2, values={"id": "a", "title": 'Mug, "blue"\nlarge'}),
        RawRow(number=4, values={"id": "b", "title": "Cup"}),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"a,Mug,red", "ROW_CELLS"),
        (b"a", "ROW_CELLS"),
        (b"a,caf\xe9", "ROW_NOT_UTF8"),
        (b"a," + b"x" * 200_000, "ROW_NOT_CSV"),
    ],
    ids=["too many", "too few", "latin-1", "huge"],
)
def test_a_bad_row_is_broken_and_the_next_is_read(tmp_path: Path, row: bytes, reason: str) -> None:
    rows = list(write(tmp_path, b"id,title\n" + row + b"\n,\nb,Cup\n"))
    assert isinstance(rows[0], BrokenRow)
    assert (rows[0].number, rows[0].violation.reason) == (2, reason)
    assert rows[1:] == [RawRow(number=4, values={"id": "b", "title": "Cup"})]


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"id,title,id\na,b,c\n", b"id,t\xefitle\n"],
    ids=["empty", "blank", "repeated", "latin-1"],
)  # fmt: skip
def test_a_file_without_a_usable_header_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"first line|more than once") as refused:
        write(tmp_path, content).survey()
    assert refused.value.reason == "CATALOG_HEADER"
