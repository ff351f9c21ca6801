"""JSON lines: what is read, what is refused, and that reading goes on behind a bad line."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.ingest.formats import jsonl
from server.ingest.formats.jsonl import JsonLines
from server.ingest.formats.protocol import BrokenRow, RawRow


def write(path: Path, content: bytes) -> JsonLines:
    file = path / "rows.jsonl"
    file.write_bytes(content)
    return JsonLines(path=file)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": 1', "ROW_NOT_JSON"),
        (b"not json", "ROW_NOT_JSON"),
        (b'["a", "b"]', "ROW_NOT_OBJECT"),
        (b"12", "ROW_NOT_OBJECT"),
        (b'{"id": "caf\xe9"}', "ROW_NOT_UTF8"),
        (b"[" * 100_000, "ROW_NOT_JSON"),
        (b'{"id": ' + b"9" * 5_000 + b"}", "ROW_NOT_JSON"),
    ],
    ids=["cut", "words", "list", "number", "latin-1", "deep", "long number"],
)
def test_a_bad_line_is_broken_and_the_next_is_read(
    tmp_path: Path, line: bytes, reason: str
) -> None:
    rows = list(write(tmp_path, line + b'\n{"id": "b"}\n'))
    assert isinstance(rows[0], BrokenRow)
    assert (rows[0].number, rows[0].violation.reason) == (1, reason)
    assert rows[1:] == [RawRow(number=2, values={"id": "b"})]


def test_blank_lines_count_as_lines_but_not_as_rows(tmp_path: Path) -> None:
    source = write(tmp_path, b'\n{"id": "a"}\r\n  \n{"id": "b", "x": 1}')
    assert [row.number for row in source] == [2, 4]
    assert (source.survey().columns, source.survey().rows) == (("id", "x"), 2)


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    assert list(write(tmp_path, b'\xef\xbb\xbf{"id": "a"}\n')) == [
        RawRow(number=1, values={"id": "a"})
    ]


def test_a_line_too_long_is_read_past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "LONGEST_LINE_BYTES", 32)
    rows = list(write(tmp_path, b'{"id": "' + b"a" * 100 + b'"}\n{"id": "b"}\n'))
    assert isinstance(rows[0], BrokenRow)
    assert rows[0].violation.reason == "ROW_TOO_LONG"
    assert rows[1] == RawRow(number=2, values={"id": "b"})


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    assert write(tmp_path, b"").survey().rows == 0
