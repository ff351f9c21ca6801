"""A directory written out of sight and put in its place in one step, finished or not at all."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.export_error import ExportError
from exporter.spec import MANIFEST_NAME

_HERE = -100  # AT_FDCWD of linux/fcntl.h
_EXCHANGE = 2  # RENAME_EXCHANGE of linux/fs.h
_NOT_POSSIBLE = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}


@contextmanager
def published(output: Path) -> Iterator[Path]:
    """Give an empty hidden directory beside ``output`` that becomes it when the block ends.

    An error inside the block removes what was written and leaves ``output`` as it was. A process
    that is killed leaves the hidden directory behind; the next one empties it.

    Raises:
        ExportError: ``EXPORT_OUTPUT``, ``output`` is a file, or a folder that holds other things
            than a bundle; ``EXPORT_RUNNING``, somebody writes to ``output`` at this moment.
    """
    place = output.resolve()
    _require_replaceable(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.parent / f".{place.name}.part"
    with _held(part, output=output):
        try:
            _empty(part)
            yield part
            _swap(part, place)
        finally:
            # Holds the old bundle after a swap, the unfinished one after an error.
            shutil.rmtree(part, ignore_errors=True)


def _require_replaceable(place: Path) -> None:
    if not place.exists():
        return
    if not place.is_dir() or (any(place.iterdir()) and not (place / MANIFEST_NAME).is_file()):
        message = f"{place} holds something else than a bundle; name a new or an empty folder"
        raise ExportError(message, reason="EXPORT_OUTPUT")


@contextmanager
def _held(part: Path, *, output: Path) -> Iterator[None]:
    """Hold the hidden directory for this process alone; the system lets go when it dies."""
    part.mkdir(exist_ok=True)
    held = os.open(part, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not _locked(held, part):
            message = f"somebody else writes to {output}; wait for it, or name another folder"
            raise ExportError(message, reason="EXPORT_RUNNING")
        yield
    finally:
        os.close(held)


def _locked(held: int, part: Path) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # Whoever held it may have published it in between: then it is the bundle, not ours.
    return part.exists() and os.path.samestat(os.fstat(held), part.stat())


def _empty(part: Path) -> None:
    for entry in part.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _swap(part: Path, place: Path) -> None:
    """Put ``part`` at ``place``; what was there is at ``part`` afterwards, or gone if empty."""
    if not place.exists() or not any(place.iterdir()):
        part.replace(place)
    elif not _exchanged(part, place):
        aside = place.parent / f".{place.name}.old"
        shutil.rmtree(aside, ignore_errors=True)
        place.replace(aside)
        part.replace(place)
        shutil.rmtree(aside)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two directories in one step, where the system and its file system can."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    if library.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_POSSIBLE:
        return False
    raise OSError(number, os.strerror(number), str(other))
