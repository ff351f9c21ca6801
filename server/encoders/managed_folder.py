"""The folder of a managed Triton belongs to one server at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.errors import AlreadyInUse, FailedPrecondition


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Make the folder and keep other servers out of it until the block ends or this process does.

    Raises:
        AlreadyInUse: ``TRITON_FOLDER``: another server's Triton has it.
        FailedPrecondition: ``TRITON_FOLDER``: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("a")
    except OSError as error:
        message = f"{folder} cannot be used ({error.strerror}); name another folder with --data"
        raise FailedPrecondition(message, reason="TRITON_FOLDER") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyInUse(
                f"the Triton of another server uses {folder}; give each server its own --data, or"
                " have them share a Triton with --triton",
                reason="TRITON_FOLDER",
            ) from None
        yield
