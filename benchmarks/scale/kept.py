"""Which sizes stand built in an engine's folder, so that a later run need not build them again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.scale.vectors import ShopVectors

_FILE: Final = "built.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One size that was built.

    Attributes:
        products: How many.
        about: The engine's version and parameters.
        data: `data_digest` of what it holds.
        seconds: How long it took.
    """

    products: int
    about: str
    data: str
    seconds: float


def data_digest(shop: ShopVectors) -> str:
    """SHA-256, in hex, of what the vectors of every size are drawn from."""
    made = hashlib.sha256(f"{shop.seed} {shop.captions.shape}".encode())
    made.update(shop.captions.tobytes())
    return made.hexdigest()


def builds(folder: Path) -> Mapping[int, Build]:
    """Builds by size; none where the file is not there or is no such file."""
    try:
        entries = json.loads((folder / _FILE).read_text("utf-8"))
        found = [Build(**entry) for entry in entries]
    except (OSError, ValueError, TypeError):
        return {}
    return {build.products: build for build in found}


def note(folder: Path, build: Build) -> None:
    """Say that a size stands; its earlier build is forgotten."""
    _write(folder, {**builds(folder), build.products: build})


def forget(folder: Path, products: int) -> None:
    """Say that a size stands no more, before it is built again."""
    _write(folder, {size: each for size, each in builds(folder).items() if size != products})


def _write(folder: Path, found: Mapping[int, Build]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{_FILE}.{os.getpid()}.part"
    beside.write_text(json.dumps([asdict(found[size]) for size in sorted(found)], indent=1))
    beside.replace(folder / _FILE)
