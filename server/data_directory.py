"""The directory of everything that is kept on this machine."""

from __future__ import annotations

from pathlib import Path

from server.errors import FailedPrecondition


def make_data_directory(path: Path) -> None:
    """Make it where it is not there.

    Raises:
        FailedPrecondition: ``DATA_DIRECTORY``, it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = (
            f"the data directory {path} cannot be made ({error.strerror}); name another with --data"
        )
        raise FailedPrecondition(message, reason="DATA_DIRECTORY") from error
