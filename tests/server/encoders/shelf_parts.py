"""A small encoder whose vectors follow from its bundle and its input, and that can be told how."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from exporter.spec import FileRecord, ImageTower, Manifest, TextTower
from server.arrays import Float32Array, UInt8Array
from server.deadline import Deadline
from server.stages import FallbackUsed, StageClock

SIDE = 2


def manifest(name: str = "small", *, dimension: int = 4, cleaning: str = "canonical") -> Manifest:
    """The manifest of a bundle that has no files."""
    tower = TextTower(file="t", tokenizer="t", max_tokens=8, cleaning=cleaning)  # type: ignore[arg-type]
    return Manifest(
        name=name,
        version="1",
        dimension=dimension,
        text=(tower,),
        image=ImageTower(file="i", height=SIDE, width=SIDE),
        files={"t": FileRecord(sha256=name, bytes=1)},
    )


def vector(bundle_id: str, content: bytes, *, dimension: int) -> Float32Array:
    """The unit vector that a bundle gives for a content."""
    seed = int.from_bytes(hashlib.blake2b(bundle_id.encode() + content, digest_size=8).digest())
    drawn = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    unit: Float32Array = drawn / np.linalg.norm(drawn)
    return unit


class SmallEncoder:
    """Remembers what it was asked. ``before`` runs first in every call and may raise or wait."""

    def __init__(
        self, bundle: Manifest | None = None, *, before: Callable[[Deadline], None] | None = None
    ) -> None:
        self.manifest = bundle or manifest()
        self.before = before
        self.asked: list[list[str]] = []
        self.pictures: list[int] = []
        self.closings = 0
        self.turned = False
        self._lock = threading.Lock()

    @property
    def calls(self) -> int:
        return len(self.asked) + len(self.pictures)

    def encode_texts(
        self, texts: Sequence[str], *, deadline: Deadline, clock: StageClock | None = None
    ) -> Float32Array:
        with self._lock:
            self.asked.append(list(texts))
        return self._vectors([text.encode() for text in texts], deadline)

    def encode_pictures(
        self, pixels: UInt8Array, *, deadline: Deadline, clock: StageClock | None = None
    ) -> Float32Array:
        with self._lock:
            self.pictures.append(len(pixels))
        return self._vectors([each.tobytes() for each in pixels], deadline)

    def close(self) -> None:
        self.closings += 1

    def _vectors(self, contents: list[bytes], deadline: Deadline) -> Float32Array:
        assert not self.closings, "a closed encoder was used"
        if self.before is not None:
            self.before(deadline)
        name = self.manifest.id + ("turned" if self.turned else "")
        return np.stack(
            [vector(name, each, dimension=self.manifest.dimension) for each in contents]
        )


def opened(directory: Path) -> SmallEncoder:
    """The encoder of a "bundle" that is no more than the name of its folder."""
    return SmallEncoder(manifest(directory.name))


class Noted:
    """A stage observer that only remembers."""

    def __init__(self) -> None:
        self.fallbacks: list[FallbackUsed] = []

    def stage(self, name: str, seconds: float) -> None:
        """Nothing is measured here."""

    def fallback(self, used: FallbackUsed) -> None:
        self.fallbacks.append(used)


def clock() -> StageClock:
    """A clock of one request."""
    return StageClock(Noted())
