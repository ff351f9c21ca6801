"""What a catalogue file is before its columns are known: numbered rows, some of them broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from server.errors import Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """One row as the file has it.

    ``number`` is the line it starts on, or the row of a Parquet file, from 1. Cells are JSON
    values; a Parquet file adds bytes, Decimal, date and datetime.
    """

    number: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRow:
    """One row that could not be read at all."""

    number: int
    violation: Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one look through a file tells: every column that any row has, and how many rows."""

    columns: tuple[str, ...]
    rows: int


class RowSource(Protocol):
    """Reads one file as often as it is asked to, holding a few rows at a time.

    A row that cannot be read is given as broken and reading goes on behind it. A file that cannot
    be read as a whole raises InvalidRequest from either method.
    """

    @property
    def text_cells(self) -> bool:
        """Whether every cell is text, so that a list is written inside one (``a|b``)."""

    def survey(self) -> Survey:
        """Columns in the order they first occur, and the number of rows, broken ones included."""

    def __iter__(self) -> Iterator[RawRow | BrokenRow]:
        """Rows in the file's order; blank lines are passed over."""


def survey_rows(source: RowSource) -> Survey:
    """Survey by reading every row, for formats whose head does not say."""
    columns: dict[str, None] = {}
    rows = 0
    for row in source:
        rows += 1
        if isinstance(row, RawRow):
            columns.update(dict.fromkeys(row.values))
    return Survey(columns=tuple(columns), rows=rows)
