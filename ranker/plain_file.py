"""Reads a file of a version: a plain one, inside its directory, of a bounded size."""

from __future__ import annotations

import stat
from pathlib import Path

from ranker.errors import ModelRefused


def read_plain(path: Path, *, limit: int) -> bytes:
    """The bytes of a file, at most ``limit`` of them.

    A link is followed inside the directory alone. What is not a plain file is not opened, for a
    pipe would never end.

    Raises:
        ModelRefused: it is missing or no plain file (RANKER_NOT_FOUND), a link out of its directory
            (RANKER_LINK), or too large (RANKER_TOO_LARGE).
    """
    try:
        if not path.resolve().is_relative_to(path.parent.resolve()):
            raise ModelRefused(
                f"{path} is a link that leaves its directory; put the file itself there.",
                reason="RANKER_LINK",
            )
        if not stat.S_ISREG(path.stat().st_mode):
            raise ModelRefused(
                f"{path} is not a plain file; restore or retrain the version.",
                reason="RANKER_NOT_FOUND",
            )
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before 3.13
        raise ModelRefused(
            f"{path} cannot be read; correct the path, or restore or retrain the version.",
            reason="RANKER_NOT_FOUND",
        ) from error
    if len(data) > limit:
        raise ModelRefused(
            f"{path} is larger than {limit >> 20} MiB; train with fewer trees or leaves.",
            reason="RANKER_TOO_LARGE",
        )
    return data
