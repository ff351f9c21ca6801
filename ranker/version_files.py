"""The files of a version, read once and held to their hashes before anything parses them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ranker.errors import ModelRefused
from ranker.manifest import (
    MANIFEST_FILE,
    MODEL_FILE,
    SIZE_LIMITS,
    RankerManifest,
    parse_manifest,
    read_manifest_bytes,
)
from ranker.plain_file import read_plain

_TEXT_START = b"tree\n"
_BINARY_PICKLE = b"\x80"
_FIRST_PICKLE = b"(c]}lIFSVNLG)KMJTUX"
"""Opcodes that open a pickle of protocol 0 or 1, which ends with a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFiles:
    """What was read: the bytes of every file by its name, and what the manifest says."""

    manifest: RankerManifest
    contents: Mapping[str, bytes]


def read_files(directory: Path) -> VersionFiles:
    """Every file of the version in ``directory``, as its manifest describes it.

    Raises:
        ModelRefused: a file is missing, a link, too large, a pickle or not the file that the
            manifest describes, or the manifest is broken; see `ModelRefused` for the reasons.
    """
    said = read_manifest_bytes(directory)
    manifest = parse_manifest(said, path=directory / MANIFEST_FILE)
    hashed = {
        name: _checked(directory / name, expected) for name, expected in manifest.files.items()
    }
    return VersionFiles(manifest=manifest, contents={MANIFEST_FILE: said, **hashed})


def digest(data: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def looks_like_a_pickle(data: bytes) -> bool:
    r"""Whether the bytes open as a pickle of any protocol does; LightGBM's text never does.

    >>> import pickle
    >>> [looks_like_a_pickle(pickle.dumps({"a": 1}, protocol=each)) for each in range(6)]
    [True, True, True, True, True, True]
    >>> looks_like_a_pickle(b"tree\nversion=v4\n")
    False
    """
    if data.startswith(_TEXT_START):
        return False
    ended = data.rstrip().endswith(b".")
    return data.startswith(_BINARY_PICKLE) or (ended and data[:1] in _FIRST_PICKLE)


def _checked(path: Path, expected: str) -> bytes:
    data = read_plain(path, limit=SIZE_LIMITS[path.name])
    if path.name == MODEL_FILE and looks_like_a_pickle(data):
        raise ModelRefused(
            f"{path} is a pickle, which could run code as it is read, and was not read; save the"
            " version with `omnishelf ranker train`, which writes LightGBM's text.",
            reason="RANKER_PICKLE",
        )
    if digest(data) != expected:
        raise ModelRefused(
            f"{path} is not the file its manifest describes (SHA-256 differs); restore or retrain"
            " the version.",
            reason="RANKER_HASH",
        )
    return data
