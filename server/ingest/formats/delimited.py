"""Catalogues as delimited text: CSV and its relatives with ``;`` or a tab, UTF-8, a header line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from server.errors import InvalidRequest, Violation
from server.ingest.formats.protocol import BrokenRow, RawRow, Survey, survey_rows

_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimited:
    """Reads a ``.csv`` or ``.tsv`` file; the delimiter is the one its first line uses most."""

    path: Path
    text_cells: bool = True

    def survey(self) -> Survey:
        """Columns of the header and rows below it, from one pass through the file."""
        with self._open() as stream:
            columns = _header(csv.reader(stream, delimiter=_delimiter(stream)))
        return Survey(columns=columns, rows=survey_rows(self).rows)

    def __iter__(self) -> Iterator[RawRow | BrokenRow]:
        with self._open() as stream:
            reader = csv.reader(stream, delimiter=_delimiter(stream))
            columns = _header(reader)
            while True:
                number = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    description = "the row cannot be split into cells; check its quotes"
                    yield _broken(number, reason="ROW_NOT_CSV", description=description)
                    continue
                if any(cell.strip() for cell in cells):
                    yield _row(number, cells=cells, columns=columns)

    def _open(self) -> TextIO:
        # What is not UTF-8 must spoil its own row only: it is let through here and found again.
        return self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _delimiter(stream: TextIO) -> str:
    first = stream.readline()
    stream.seek(0)
    return max(_DELIMITERS, key=first.count)


def _header(rows: Iterator[list[str]]) -> tuple[str, ...]:
    try:
        columns = tuple(name.strip() for name in next(rows))
    except (csv.Error, StopIteration):
        columns = ()
    if not any(columns) or not _is_utf8(columns):
        raise _unusable("the file has no header; name its columns in the first line, in UTF-8")
    repeated = sorted({name for name in columns if name and columns.count(name) > 1})
    if repeated:
        raise _unusable(f"the header has {', '.join(repeated)} more than once; rename all but one")
    return columns


def _row(number: int, *, cells: list[str], columns: tuple[str, ...]) -> RawRow | BrokenRow:
    if len(cells) != len(columns):
        description = (
            f"{len(cells)} cells under {len(columns)} columns; check quotes and delimiters"
        )
        return _broken(number, reason="ROW_CELLS", description=description)
    if not _is_utf8(cells):
        description = "the row is not UTF-8; save the file as UTF-8"
        return _broken(number, reason="ROW_NOT_UTF8", description=description)
    return RawRow(number=number, values=dict(zip(columns, cells, strict=True)))


def _is_utf8(cells: list[str] | tuple[str, ...]) -> bool:
    try:
        "".join(cells).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _broken(number: int, *, reason: str, description: str) -> BrokenRow:
    violation = Violation(field="row", reason=reason, description=description)
    return BrokenRow(number=number, violation=violation)


def _unusable(description: str) -> InvalidRequest:
    violation = Violation(field="CATALOG", reason="CATALOG_HEADER", description=description)
    return InvalidRequest([violation])
