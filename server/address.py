"""Where the server that holds a data directory answers, for commands on the same directory.

The server keeps the file locked while it lives: an address beside which nobody holds the lock was
left by one that was killed, and counts for nothing.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def announced(path: Path, address: str) -> Iterator[None]:
    """Leave ``address`` in a file until the block ends.

    A second server on the same directory (both on external stores) is not announced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield
            return
        file.truncate(0)
        file.write(address)
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def announced_address(path: Path) -> str | None:
    """The address that a living server left, None without one."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read() or None
    return None
