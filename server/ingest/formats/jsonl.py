"""Catalogues as JSON lines: one object a line, UTF-8."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from server.errors import Violation
from server.ingest.formats.protocol import BrokenRow, RawRow, Survey, survey_rows

LONGEST_LINE_BYTES = 8 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines:
    """Reads a ``.jsonl`` or ``.ndjson`` file."""

    path: Path
    text_cells: bool = False

    def survey(self) -> Survey:
        """Columns and rows, from one pass through the file."""
        return survey_rows(self)

    def __iter__(self) -> Iterator[RawRow | BrokenRow]:
        with self.path.open("rb") as stream:
            for number, line in _numbered_lines(stream):
                if line is None:
                    description = (
                        f"the line is longer than {LONGEST_LINE_BYTES:,} bytes; shorten it"
                    )
                    yield _broken(number, reason="ROW_TOO_LONG", description=description)
                elif line.strip():
                    yield _parse(number, line)


def _numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Lines from 1; None for one too long to hold, read past piece by piece."""
    number = 0
    while line := stream.readline(LONGEST_LINE_BYTES):
        number += 1
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if line.endswith(b"\n") or len(line) < LONGEST_LINE_BYTES:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_LINE_BYTES)
        yield number, None


def _parse(number: int, line: bytes) -> RawRow | BrokenRow:
    try:
        values = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        description = f"byte {error.start + 1} of the line is not UTF-8; save the file as UTF-8"
        return _broken(number, reason="ROW_NOT_UTF8", description=description)
    except json.JSONDecodeError as error:
        description = f"not JSON at column {error.colno} ({error.msg}); write one object a line"
        return _broken(number, reason="ROW_NOT_JSON", description=description)
    except (RecursionError, ValueError):
        description = "the JSON nests too deep or holds too long a number; write a flat object"
        return _broken(number, reason="ROW_NOT_JSON", description=description)
    if not isinstance(values, dict):
        description = "the line is JSON but not an object; write one object a line"
        return _broken(number, reason="ROW_NOT_OBJECT", description=description)
    return RawRow(number=number, values=values)


def _broken(number: int, *, reason: str, description: str) -> BrokenRow:
    violation = Violation(field="row", reason=reason, description=description)
    return BrokenRow(number=number, violation=violation)
