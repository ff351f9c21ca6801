"""A model's files: settings as JSON, weights as safetensors, the licence from the model card."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import yaml
from safetensors import SafetensorError, safe_open

from exporter.sources.errors import SourceError
from exporter.spec import Source, file_record

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*$", re.DOTALL | re.MULTILINE)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        SourceError: ``SOURCE_UNREADABLE``.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        message = f"{path} is not JSON ({error}); fetch the model again"
        raise SourceError(message, reason="SOURCE_UNREADABLE") from error
    if not isinstance(document, dict):
        message = f"{path} holds no JSON object; fetch the model again"
        raise SourceError(message, reason="SOURCE_UNREADABLE")
    return document


def check_safetensors(path: Path) -> None:
    """Read a safetensors file's header, which says how long the file has to be.

    Raises:
        SourceError: ``SOURCE_UNREADABLE``.
    """
    try:
        with safe_open(path, framework="np"):
            pass
    except (SafetensorError, OSError) as error:
        message = f"{path} is cut short or no safetensors file ({error}); fetch the model again"
        raise SourceError(message, reason="SOURCE_UNREADABLE") from error


def weights_digest(files: list[Path]) -> str:
    """Give the SHA-256 of a weights file; of several, that of the lines ``digest  name``."""
    if len(files) == 1:
        return file_record(files[0]).sha256
    lines = [f"{file_record(path).sha256}  {path.name}\n" for path in sorted(files)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def credit(directory: Path, *, name: str, revision: str, weights: list[Path]) -> Source:
    """Build the line of a bundle's manifest that says whose model this is."""
    return Source(
        name=name,
        version=revision,
        sha256=weights_digest(weights),
        licence=read_licence(directory / "README.md"),
        used_for="both towers",
    )


def read_licence(card: Path) -> str:
    """Give the licence that a model card's front matter states, or ``unknown``.

    Where the licence is ``other``, the name that the publisher gave it is taken.
    """
    try:
        match = _FRONT_MATTER.match(card.read_text("utf-8"))
        front = yaml.safe_load(match[1]) if match else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return "unknown"
    if not isinstance(front, dict):
        return "unknown"
    licence = front.get("license")
    if licence == "other":
        licence = front.get("license_name") or licence
    if isinstance(licence, list):
        licence = ", ".join(map(str, licence))
    return str(licence) if licence else "unknown"
