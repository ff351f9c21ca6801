"""Changing a directory that others read: one writer at a time, and nothing half-done to be seen.

What is new is built in a hidden directory of the same file system and renamed to its place. A
writer that was killed leaves only hidden things, which the next one clears away. The hidden
directory is beside the repository, since Triton takes every directory inside for a model; only
where the repository is a mount of its own, and so nothing can be renamed into it, is it inside.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporter.triton.errors import RepositoryError

LOCK_NAME = ".omnishelf.lock"
STAGING_NAME = ".omnishelf.staging"
_PROBE_NAME = ".omnishelf.probe"


@contextmanager
def only_writer(directory: Path) -> Iterator[Path]:
    """Wait for other writers, then give an empty staging directory for the block.

    Raises:
        RepositoryError: ``REPOSITORY_UNWRITABLE``, here or in the block: disk full, no permission.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / LOCK_NAME).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            beside = directory.absolute().parent / f".{directory.absolute().name}{STAGING_NAME}"
            inside = directory / STAGING_NAME
            for place in (beside, inside):
                _clear(place)
            staging = beside if _renames_into(directory, beside=beside) else inside
            staging.mkdir(exist_ok=True)
            try:
                yield staging
            finally:
                _clear(staging)
    except OSError as error:
        message = f"{directory} cannot be written ({error}); free space or give permission"
        raise RepositoryError(message, reason="REPOSITORY_UNWRITABLE") from error


def link_or_copy(source: Path, place: Path) -> None:
    """Share the file's blocks where the file system can, else copy them."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.hardlink_to(source.resolve())
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, place)


def replace_text(place: Path, text: str, *, staging: Path) -> bool:
    """Make the file say ``text``, in one step; return whether it said anything else before."""
    if place.is_file() and place.read_text("utf-8") == text:
        return False
    fresh = staging / place.name
    fresh.write_text(text, "utf-8")
    fresh.replace(place)
    return True


def discard(place: Path, *, staging: Path) -> None:
    """Take a directory out of sight in one step, then delete it."""
    hidden = staging / f"{place.parent.name}.{place.name}.old"
    place.rename(hidden)
    shutil.rmtree(hidden)


def _renames_into(directory: Path, *, beside: Path) -> bool:
    """Try with a file: two paths of one file system may still be two mounts."""
    try:
        beside.mkdir()
        probe = beside / _PROBE_NAME
        probe.touch()
        probe.rename(directory / _PROBE_NAME).unlink()
    except OSError:
        _clear(beside)
        return False
    return True


def _clear(staging: Path) -> None:
    if staging.exists():
        shutil.rmtree(staging)
