"""What frozen towers made of samples, kept on disk so that they are run once and never again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exporter.align_data import Sample

Floats = NDArray[np.float32]


class VectorCache:
    """A folder of arrays, a file each, written in one step; without a folder nothing is kept."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)

    def keep(self, name: str, make: Callable[[], Floats]) -> Floats:
        """Read the array called ``name``, or make it and write it.

        Raises:
            OSError: the folder cannot be read or written.
        """
        if self._directory is None:
            return make()
        path = self._directory / f"{name}.npy"
        if not path.exists():
            part = path.with_suffix(".part")
            with part.open("wb") as stream:
                np.save(stream, make(), allow_pickle=False)
            part.replace(path)
        kept: Floats = np.load(path, allow_pickle=False)
        return kept


def digest_samples(
    samples: Sequence[Sample], *, progress: Callable[[int], None] = lambda _: None
) -> str:
    """SHA-256 in hex of everything that is learnt from samples, pixels included, in their order.

    Raises:
        OSError: a picture can no longer be read.
    """
    digest = hashlib.sha256()
    for done, sample in enumerate(samples, start=1):
        words = (sample.captions, sample.colour, sample.group, sample.source)
        digest.update(json.dumps(words).encode())
        pixels = sample.picture()
        digest.update(str(pixels.shape).encode())
        digest.update(np.ascontiguousarray(pixels).data)
        progress(done)
    return digest.hexdigest()


def cache_for(work: Path | None, *, facts: Mapping[str, object]) -> VectorCache:
    """Open the part of a work folder that belongs to these facts, given as JSON knows them."""
    if work is None:
        return VectorCache(None)
    name = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    return VectorCache(work / f"vectors-{name}")
