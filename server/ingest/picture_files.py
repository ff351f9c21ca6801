"""The picture that a row of a catalogue names: its bytes, read from the catalogue's own folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from server.encoders.image import DEFAULT_LIMITS
from server.ingest.cells import CellRefused, is_empty, text


def picture_names(cell: object) -> tuple[str, ...]:
    """Paths or addresses that a cell names, the main one first.

    A cell is one text, a list of them, or an object with a ``path`` beside its ``bytes``.

    Raises:
        CellRefused: ``NOT_TEXT`` where a member is none of these.
    """
    members = cell if isinstance(cell, list | tuple) else [cell]
    names = (_name(member) for member in members if not isinstance(member, bytes))
    return tuple(dict.fromkeys(name for name in names if name))


def picture_bytes(cell: object, *, folder: Path) -> bytes | None:
    """Bytes of the main picture of a cell; None where the cell names none.

    A relative path is read from ``folder`` and may not leave it. Links inside the folder are
    followed: whoever made the folder put them there.

    Raises:
        CellRefused: ``PICTURE_REMOTE``, ``PICTURE_OUTSIDE``, ``PICTURE_NOT_FOUND``,
            ``PICTURE_TOO_LARGE`` or ``PICTURE_UNREADABLE``.
    """
    main = cell[0] if isinstance(cell, list | tuple) and cell else cell
    if isinstance(main, Mapping):
        main = main.get("bytes") or main.get("path")
    if isinstance(main, bytes):
        return main or None
    if is_empty(main):
        return None
    return _read(text(main), folder=folder)


def _name(member: object) -> str:
    return text(member.get("path")) if isinstance(member, Mapping) else text(member)


def _read(name: str, *, folder: Path) -> bytes:
    if "://" in name or name.startswith("data:"):
        description = "pictures are read from files; download it and name the file's path"
        raise CellRefused("PICTURE_REMOTE", description)
    root = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow links
    path = Path(os.path.normpath(root / name))
    if "\0" in name or not path.is_relative_to(root):
        description = f"{name!r} leaves the folder of pictures; name that folder with --pictures"
        raise CellRefused("PICTURE_OUTSIDE", description)
    try:
        if not path.is_file():
            description = (
                f"there is no file {name!r} in the folder of pictures; add it, or drop the row"
            )
            raise CellRefused("PICTURE_NOT_FOUND", description)
        if path.stat().st_size > DEFAULT_LIMITS.bytes:
            description = f"{name!r} is larger than {DEFAULT_LIMITS.bytes:,} bytes; make it smaller"
            raise CellRefused("PICTURE_TOO_LARGE", description)
        return path.read_bytes()
    except OSError as error:
        description = f"{name!r} cannot be read; check its permissions"
        raise CellRefused("PICTURE_UNREADABLE", description) from error
