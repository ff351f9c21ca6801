"""What a ranker directory says of itself, in ``manifest.json``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ranker.errors import ModelRefused, RankingError
from ranker.plain_file import read_plain

MANIFEST_FILE = "manifest.json"
MODEL_FILE = "model.txt"
SCHEMA_FILE = "schema.json"
SAMPLE_FILE = "sample.json"
ONNX_FILE = "model.onnx"
REFERENCE_FILE = "reference.json"
LINEAR_FILE = "linear.json"

HASHED_FILES = (MODEL_FILE, SCHEMA_FILE, SAMPLE_FILE)
"""In every version."""

OPTIONAL_FILES = (ONNX_FILE, REFERENCE_FILE, LINEAR_FILE)
"""Hashed where they are there: the model for ONNX Runtime, the training data's distribution, the
linear twin."""

UNPARSABLE: Final = (ValueError, KeyError, TypeError, OverflowError, RecursionError)
"""What reading edited JSON may raise: other types, lists too deep, numbers too large."""

_MIB: Final = 1 << 20
SIZE_LIMITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        MANIFEST_FILE: 4 * _MIB,
        MODEL_FILE: 128 * _MIB,
        SCHEMA_FILE: 4 * _MIB,
        SAMPLE_FILE: 16 * _MIB,
        ONNX_FILE: 128 * _MIB,
        REFERENCE_FILE: 16 * _MIB,
        LINEAR_FILE: 4 * _MIB,
    }
)
"""Most bytes of each file: ten times what two thousand trees of 127 leaves take."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RankerManifest:
    """One version.

    Attributes:
        name: Of the version; its id is ``name@`` and the start of the model's hash.
        files: SHA-256, hexadecimal, of every other file by its name.
        features: Columns of the matrix, in order.
        fingerprint: Of the feature schema, see `features.schema.fingerprint`.
        metrics: Measured in training.
        provenance: Where the training data came from and how the model was made.
    """

    name: str
    files: Mapping[str, str]
    features: tuple[str, ...]
    fingerprint: str
    metrics: Mapping[str, float]
    provenance: Mapping[str, str]

    def to_json(self) -> str:
        """As it stands in the file."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def checked_name(name: str) -> str:
    """The name of a version, which is part of folder names and of replies.

    Raises:
        RankingError: RANKER_NAME, it has other characters than letters, digits, ``.``, ``_`` and
            ``-``, begins with none of the first two, or has more than 64.

    >>> checked_name("autumn-2.1")
    'autumn-2.1'
    """
    if not _NAME.fullmatch(name):
        raise RankingError(
            f"{name!r} cannot name a ranker; use up to 64 letters, digits, '.', '_' and '-',"
            " beginning with a letter or a digit.",
            reason="RANKER_NAME",
        )
    return name


def read_manifest(directory: Path) -> RankerManifest:
    """The manifest of a ranker directory; nothing else is read or checked.

    Raises:
        ModelRefused: as `read_manifest_bytes` and `parse_manifest`.
    """
    return parse_manifest(read_manifest_bytes(directory), path=directory / MANIFEST_FILE)


def read_manifest_bytes(directory: Path) -> bytes:
    """The manifest as it stands in a ranker directory.

    Raises:
        ModelRefused: there is none (RANKER_NOT_FOUND), it is a link that leaves the directory
            (RANKER_LINK), or it is larger than its limit (RANKER_TOO_LARGE).
    """
    return read_plain(directory / MANIFEST_FILE, limit=SIZE_LIMITS[MANIFEST_FILE])


def parse_manifest(data: bytes, *, path: Path) -> RankerManifest:
    """The manifest that was read from ``path``.

    Raises:
        ModelRefused: it is broken (RANKER_UNPARSABLE).
    """
    try:
        said = json.loads(data)
        files = said["files"]
        kept = [*HASHED_FILES, *(name for name in OPTIONAL_FILES if name in files)]
        return RankerManifest(
            name=checked_name(str(said["name"])),
            files={name: str(files[name]) for name in kept},
            features=tuple(map(str, said["features"])),
            fingerprint=str(said["fingerprint"]),
            metrics={str(name): float(value) for name, value in said["metrics"].items()},
            provenance={str(name): str(value) for name, value in said["provenance"].items()},
        )
    except (*UNPARSABLE, AttributeError, RankingError) as error:
        raise ModelRefused(
            f"{path} is not a ranker manifest ({error!r}); restore or retrain the version.",
            reason="RANKER_UNPARSABLE",
        ) from error
