"""A version as one sequence of bytes, the same for the same files, and back into a directory."""

from __future__ import annotations

import io
import tempfile
import zipfile
import zlib
from pathlib import Path

from ranker.errors import ModelRefused
from ranker.manifest import HASHED_FILES, MANIFEST_FILE, SIZE_LIMITS
from ranker.version_files import VersionFiles

_EPOCH = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16


def pack(files: VersionFiles) -> bytes:
    """A zip archive of the files that were read."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in sorted(files.contents.items()):
            entry = zipfile.ZipInfo(name, date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = _PLAIN_FILE
            archive.writestr(entry, data)
    return packed.getvalue()


def unpack(packed: bytes, directory: Path) -> None:
    """Write the version into ``directory``, as a whole; what was there is replaced.

    Only files that a version has are written, each up to its limit: an archive cannot name a path.

    Raises:
        ModelRefused: the archive is damaged or lacks a file (RANKER_UNPARSABLE), or a file is
            larger than its limit (RANKER_TOO_LARGE).
    """
    contents = _contents(packed)
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".unpacking-") as folder:
        fresh, replaced = Path(folder, "fresh"), Path(folder, "replaced")
        fresh.mkdir()
        for name, data in contents.items():
            (fresh / name).write_bytes(data)
        if directory.exists():
            directory.rename(replaced)
        fresh.rename(directory)


def _contents(packed: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            contents = {
                entry.filename: _read(archive, entry)
                for entry in archive.infolist()
                if entry.filename in SIZE_LIMITS
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ModelRefused(
            f"The stored version is damaged ({error}); promote its directory again.",
            reason="RANKER_UNPARSABLE",
        ) from error
    if lacking := [name for name in (MANIFEST_FILE, *HASHED_FILES) if name not in contents]:
        raise ModelRefused(
            f"The stored version lacks {', '.join(lacking)}; promote its directory again.",
            reason="RANKER_UNPARSABLE",
        )
    return contents


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    limit = SIZE_LIMITS[entry.filename]
    with archive.open(entry) as file:
        # What an entry says of its size may be a lie; what it yields is not.
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ModelRefused(
            f"{entry.filename} of the stored version is larger than {limit >> 20} MiB.",
            reason="RANKER_TOO_LARGE",
        )
    return data
