"""What a published model says of itself: ``omnishelf.json`` beside its ``config.pbtxt``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.triton.errors import RepositoryError
from exporter.triton.options import ServingOptions, options_document

RECORD_NAME = "omnishelf.json"
CONFIG_NAME = "config.pbtxt"
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedModel:
    """One tower in a repository.

    ``versions`` gives the SHA-256 of every file by version, oldest first; the last is served.
    """

    name: str
    bundle_id: str
    file: str
    options: ServingOptions
    versions: Mapping[int, Mapping[str, str]]

    @property
    def version(self) -> int:
        """The version that Triton loads."""
        return max(self.versions)


def record_text(model: PublishedModel) -> str:
    """The record as it is written."""
    return json.dumps(record_document(model), indent=2, ensure_ascii=False) + "\n"


def record_document(model: PublishedModel) -> dict[str, Any]:
    """The record as JSON values."""
    return {
        "format": FORMAT_VERSION,
        "name": model.name,
        "bundle": model.bundle_id,
        "file": model.file,
        "version": model.version,
        "options": options_document(model.options),
        "versions": {str(number): dict(files) for number, files in model.versions.items()},
    }


def read_record(directory: Path) -> PublishedModel:
    """Read the record of a published model.

    Raises:
        RepositoryError: ``REPOSITORY_RECORD``, it cannot be read or understood.
    """
    path = directory / RECORD_NAME
    try:
        document = json.loads(path.read_text("utf-8"))
        return _parse(document)
    except (OSError, ValueError, TypeError, KeyError, RepositoryError) as error:
        message = (
            f"{path} cannot be read ({error}); remove {directory} and publish the bundle again"
        )
        raise RepositoryError(message, reason="REPOSITORY_RECORD") from error


def _parse(document: dict[str, Any]) -> PublishedModel:
    if document["format"] != FORMAT_VERSION:
        raise ValueError(f"it is of format {document['format']}, not {FORMAT_VERSION}")
    return PublishedModel(
        name=document["name"],
        bundle_id=document["bundle"],
        file=document["file"],
        options=ServingOptions(**document["options"]),
        versions={int(number): files for number, files in document["versions"].items()},
    )
