"""The file of a recording: made or taken up again, by one process, whole lines at a time."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import stat
from pathlib import Path
from typing import Final

from server.errors import AlreadyInUse, InvalidRequest, Violation
from server.workload.line import (
    EndLine,
    Header,
    LineRefused,
    QuestionLine,
    header_json,
    parse_header,
    parse_line,
)
from server.workload.redaction import HOW

_OWNER_ALONE: Final = 0o600
_TAIL_BYTES: Final = 2**20
_HEADER_BYTES: Final = 2**16


class RecordingFile:
    """A file that no other process records to, and that only its owner may read.

    Due times count from the header's ``made_at``. Taken up again, they go on from there by the wall
    clock, and never fall.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            InvalidRequest: it is not a recording, or cannot be written.
            AlreadyInUse: another server records to it.
        """
        self.path = path
        now = dt.datetime.now(dt.UTC)
        self._descriptor = _opened(path)
        try:
            self._refuse_other_writers()
            self._size = os.fstat(self._descriptor).st_size
            self._last = 0.0
            self._offset = 0.0
            if self._size:
                made_at = _made_at(path, self._header())
                self._last = self._last_due()
                self._offset = max((now - made_at).total_seconds(), self._last)
                self._cut_torn_line()
            else:
                header = Header(name=path.stem, made_at=now.isoformat(), how=HOW)
                self.append([header_json(header)])
        except BaseException:
            os.close(self._descriptor)
            raise

    def due(self, seconds: float) -> float:
        """The due time of what came ``seconds`` after the file was opened; never below the last."""
        self._last = max(self._last, self._offset + seconds)
        return self._last

    def append(self, lines: list[str]) -> None:
        """Write lines at the end: all of them, or none.

        Raises:
            OSError: they could not be written; the file is as it was.
        """
        data = memoryview("".join(f"{line}\n" for line in lines).encode())
        written = 0
        try:
            # One call for many lines: a process that is killed leaves whole lines behind.
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += written

    def close(self) -> None:
        """Let another process record to it."""
        os.close(self._descriptor)

    def _refuse_other_writers(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = f"another server records to {self.path}; name another file with --record"
            raise AlreadyInUse(message, reason="RECORDING_IN_USE") from None

    def _cut_torn_line(self) -> None:
        """Cut off a last line without its line break: a full disk or a crash has left it torn."""
        tail = self._tail()
        self._size -= len(tail) - tail.rfind(b"\n") - 1
        os.ftruncate(self._descriptor, self._size)

    def _tail(self) -> bytes:
        return os.pread(self._descriptor, _TAIL_BYTES, max(0, self._size - _TAIL_BYTES))

    def _header(self) -> Header:
        first, ended, _ = os.pread(self._descriptor, _HEADER_BYTES, 0).partition(b"\n")
        try:
            return parse_header(first if ended else b"")
        except LineRefused as refused:
            description = f"{refused.description}. Name a new file, or one that was recorded"
            raise _unusable(self.path, refused.reason, description) from None

    def _last_due(self) -> float:
        """When the last recorded search was due; 0 where none was."""
        # The first is the header, or the rest of a line; behind the last line break is nothing.
        for raw in reversed(self._tail().split(b"\n")[1:-1]):
            try:
                line = parse_line(raw, read_file=lambda _: b"")
            except LineRefused as refused:
                description = f"its last line is none of a workload: {refused.description}"
                raise _unusable(self.path, refused.reason, description) from None
            if isinstance(line, EndLine):
                continue
            return _due(self.path, line)
        return 0.0


def _opened(path: Path) -> int:
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(path, flags, _OWNER_ALONE)
    except OSError as error:
        description = f"it cannot be written ({error.strerror}); name a file in a folder of yours"
        raise _unusable(path, "RECORDING_NOT_WRITABLE", description) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _unusable(path, "RECORDING_NOT_WRITABLE", "it is no plain file; name one")
    return descriptor


def _made_at(path: Path, header: Header) -> dt.datetime:
    try:
        made_at = dt.datetime.fromisoformat(header.made_at)
    except ValueError:
        made_at = None
    if made_at is None or made_at.tzinfo is None:
        description = "its header does not say when it was begun (made_at); name a new file"
        raise _unusable(path, "NOT_A_RECORDING", description)
    return made_at


def _due(path: Path, line: QuestionLine) -> float:
    if line.due_seconds is None:
        description = "its searches have no times: it was drawn, not recorded; name a new file"
        raise _unusable(path, "NOT_A_RECORDING", description)
    return line.due_seconds


def _unusable(path: Path, reason: str, description: str) -> InvalidRequest:
    return InvalidRequest([Violation(field=str(path), reason=reason, description=description)])
