"""Reads a workload file line by line, and refuses it whole with all that is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from server.errors import InvalidRequest, Violation
from server.workload.line import (
    EndLine,
    Header,
    LineRefused,
    QuestionLine,
    parse_header,
    parse_line,
)

MOST_TOLD: Final = 20
"""Bad lines after which a file is not read on."""

_LONGEST_LINE_BYTES: Final = 48 * 2**20  # a message of 32 MiB in base64
_LONGEST_FILE_BYTES: Final = 32 * 2**20


@dataclass(slots=True, kw_only=True)
class WorkloadReader:
    """Iterating reads the questions of a file, one at a time, as often as it is asked to.

    ``dropped`` counts, after a reading, the searches that recording servers could not write down.

    Raises, while it is read:
        InvalidRequest: there is no such file, it has no header or no question, or it has bad lines:
            each with its number, up to `MOST_TOLD` of them. Nothing should be run of such a file,
            so whoever acts while reading calls `check` first.
    """

    path: Path
    dropped: int = field(default=0, init=False)

    @property
    def header(self) -> Header:
        """The first line; raises as reading does."""
        with self._opened() as stream:
            return self._header(stream)

    def check(self) -> int:
        """Read all and keep nothing; the number of questions."""
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[QuestionLine]:
        self.dropped = 0
        bad: list[Violation] = []
        order = _Order()
        count = 0
        with self._opened() as stream:
            self._header(stream)
            for number, raw in _numbered_lines(stream):
                try:
                    line = self._line(raw)
                    if isinstance(line, QuestionLine):
                        order.check(line)
                except LineRefused as refused:
                    bad.append(self._violation(number, refused))
                    if len(bad) == MOST_TOLD:
                        break
                    continue
                if isinstance(line, EndLine):
                    self.dropped += line.dropped
                    continue
                count += 1
                if not bad:
                    yield line
        if bad:
            raise InvalidRequest(bad)
        if not count:
            description = "the file holds no question; draw or record one that does"
            raise InvalidRequest([self._whole("WORKLOAD_EMPTY", description)])

    def _line(self, raw: bytes | None) -> QuestionLine | EndLine:
        if raw is None:
            description = f"the line is longer than {_LONGEST_LINE_BYTES:,} bytes; shorten it"
            raise LineRefused("LINE_TOO_LONG", description)
        return parse_line(raw, read_file=self._read_file)

    def _opened(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except FileNotFoundError:
            description = "there is no such file; check its name, or draw one with `bench draw`"
            raise InvalidRequest([self._whole("WORKLOAD_NOT_FOUND", description)]) from None
        except OSError as error:
            description = f"it cannot be read ({error.strerror}); name a workload file"
            raise InvalidRequest([self._whole("WORKLOAD_UNREADABLE", description)]) from None

    def _header(self, stream: BinaryIO) -> Header:
        line = stream.readline(_LONGEST_LINE_BYTES)
        if not line.strip():
            description = "the file is empty; draw one with `bench draw`"
            raise InvalidRequest([self._whole("WORKLOAD_EMPTY", description)])
        try:
            return parse_header(line)
        except LineRefused as refused:
            raise InvalidRequest([self._violation(1, refused)]) from None

    def _read_file(self, name: str) -> bytes:
        """Bytes of a file in the workload's folder; links inside it are followed."""
        root = Path(os.path.abspath(self.path.parent))  # noqa: PTH100 - resolve() follows links
        path = Path(os.path.normpath(root / name))
        if "\0" in name or not path.is_relative_to(root):
            raise LineRefused("FILE_OUTSIDE", f"{name[:80]!r} leaves the workload's folder")
        try:
            if path.stat().st_size > _LONGEST_FILE_BYTES:
                description = f"{name[:80]!r} is larger than {_LONGEST_FILE_BYTES:,} bytes"
                raise LineRefused("FILE_TOO_LARGE", description)
            return path.read_bytes()
        except OSError:
            description = f"{name[:80]!r} is not in the workload's folder, or cannot be read"
            raise LineRefused("FILE_NOT_FOUND", description) from None

    def _violation(self, number: int, refused: LineRefused) -> Violation:
        return Violation(
            field=f"{self.path}, line {number}",
            reason=refused.reason,
            description=refused.description,
        )

    def _whole(self, reason: str, description: str) -> Violation:
        return Violation(field=str(self.path), reason=reason, description=description)


@dataclass(slots=True)
class _Order:
    """Due times of a file: all lines have one or none has, and they never fall."""

    last: float | None = None
    begun: bool = False

    def check(self, line: QuestionLine) -> None:
        due = line.due_seconds
        if self.begun and (due is None) != (self.last is None):
            description = "some lines have due_seconds and some do not; give it to all or to none"
            raise LineRefused("DUE_MISSING", description)
        self.begun = True
        if due is not None and self.last is not None and due < self.last:
            description = f"due_seconds falls from {self.last:g} to {due:g}; sort the lines by it"
            raise LineRefused("DUE_FALLS", description)
        self.last = due


def _numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Lines after the first that are not blank; None for one too long to hold."""
    number = 1
    while line := stream.readline(_LONGEST_LINE_BYTES):
        number += 1
        if line.endswith(b"\n") or len(line) < _LONGEST_LINE_BYTES:
            if line.strip():
                yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(_LONGEST_LINE_BYTES)
        yield number, None
