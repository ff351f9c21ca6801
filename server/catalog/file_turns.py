"""Turns and marks among the processes of one machine, kept by locks on a file beside a store."""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# A number has three bytes of the file, which is empty: locks may lie beyond its end.
_NUMBERS: Final = 2**31
_DOOR, _ROOM, _MARK = 0, _NUMBERS, 2 * _NUMBERS
_LOOK_SECONDS: Final = 0.001
# The system's struct flock: kind, from where, first byte, length, process (0 for these locks).
_LOCK: Final = struct.Struct("@hhqqi4x")


class FileTurns:
    """Locks by number (0 to 2**31 - 1). Any thread; threads of one process are apart, too.

    The system drops what a process held when it ends, however it ends. They are locks of open
    files (``F_OFD_SETLK``), for those of processes would all go when any of them is given back;
    where the system has none (it is not Linux) a store belongs to one process, and nothing is done.
    """

    def __init__(self, path: Path) -> None:
        """Use the file at ``path``, which is made at the first lock and never removed."""
        self._path = path

    @contextmanager
    def alone(self, number: int, *, wait_seconds: float) -> Iterator[bool]:
        """A block that one at a time enters; False, not alone, after ``wait_seconds`` in vain.

        Who waits longest enters next but for those who wait at the door, so that one who comes
        again at once cannot keep another out.
        """
        with self._open() as descriptor:
            until = time.monotonic() + wait_seconds
            entered = _lock(descriptor, _DOOR + number, until=until)
            if entered:
                try:
                    entered = _lock(descriptor, _ROOM + number, until=until)
                finally:
                    _unlock(descriptor, _DOOR + number)
            try:
                yield entered
            finally:
                if entered:
                    _unlock(descriptor, _ROOM + number)

    @contextmanager
    def marked(self, number: int) -> Iterator[bool]:
        """A block during which the number is marked; False if another marked it."""
        with self._open() as descriptor:
            taken = _lock(descriptor, _MARK + number, until=0.0)
            try:
                yield taken
            finally:
                if taken:
                    _unlock(descriptor, _MARK + number)

    def is_marked(self, number: int) -> bool:
        """Whether somebody has `marked` the number."""
        with self._open() as descriptor:
            return _is_locked(descriptor, _MARK + number)

    @contextmanager
    def _open(self) -> Iterator[int]:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


if sys.platform == "linux":

    def _lock(descriptor: int, place: int, *, until: float) -> bool:
        """Lock one byte, looking again until that monotonic time; whether it was got."""
        while not _tried(descriptor, place):
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def _tried(descriptor: int, place: int) -> bool:
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _described(fcntl.F_WRLCK, place))
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int, place: int) -> None:
        # Said and not left to closing: a child that is being started may still have the file.
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _described(fcntl.F_UNLCK, place))

    def _is_locked(descriptor: int, place: int) -> bool:
        asked = _described(fcntl.F_WRLCK, place)
        kind = _LOCK.unpack_from(fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked))[0]
        return bool(kind != fcntl.F_UNLCK)

    def _described(kind: int, place: int) -> bytes:
        return _LOCK.pack(kind, os.SEEK_SET, place, 1, 0)

else:

    def _lock(descriptor: int, place: int, *, until: float) -> bool:  # noqa: ARG001 - see above
        return True

    def _unlock(descriptor: int, place: int) -> None:
        pass

    def _is_locked(descriptor: int, place: int) -> bool:  # noqa: ARG001 - see above
        return False
