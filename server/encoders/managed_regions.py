"""Shared memory that a killed Triton left behind: named so that it can be found, and removed."""

from __future__ import annotations

import re
import uuid
from contextlib import suppress
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps shared memory
_NAME = re.compile(r"omnishelf_[0-9a-f]{12}_")


def region_prefix(folder: Path) -> str:
    """Give the prefix of the regions of the Triton that ``folder`` belongs to, always the same.

    It is drawn once and kept in the folder: another server on this machine, in another container
    that shares its memory too, has another.
    """
    file = folder / "region_prefix"
    if file.is_file():
        kept = file.read_text("ascii").strip()
        if _NAME.fullmatch(kept):
            return kept
    folder.mkdir(parents=True, exist_ok=True)
    drawn = f"omnishelf_{uuid.uuid4().hex[:12]}_"
    file.write_text(drawn, "ascii")
    return drawn


def remove_regions(prefix: str) -> int:
    """Remove every region so named; how many there were. To be called while no Triton runs."""
    removed = 0
    for region in SHARED_MEMORY.glob(f"{prefix}*"):
        with suppress(FileNotFoundError):
            region.unlink()
            removed += 1
    return removed
