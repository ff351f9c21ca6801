"""Vectors of earlier queries, so that what is asked again is not encoded again."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from exporter.spec import Manifest
from server.arrays import Float32Array, UInt8Array
from server.deadline import Deadline
from server.encoders.protocol import Encoder
from server.encoders.recorder import RequestRecorder
from server.encoders.text import canonical
from server.stages import StageClock

ENTRY_BYTES = 320
"""What one entry takes beside its numbers: its key, the array's head, the list's node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheCounts:
    """What a cache did since it was made, and what it holds now."""

    hits: int
    misses: int
    evictions: int
    entries: int
    bytes: int


@runtime_checkable
class MayBeAway(Protocol):
    """An encoder whose usual place of work may not answer for a while."""

    def away_reason(self) -> str | None:
        """Stable reason why it does not answer now; None while it does."""


class VectorCache:
    """Vectors by key, at most so many bytes; those used longest ago make room. Any thread.

    One cache serves all bundles of a server: a key names the bundle too.
    """

    def __init__(self, most_bytes: int) -> None:
        """``most_bytes`` of 0 keeps nothing."""
        self._most_bytes = most_bytes
        self._vectors: OrderedDict[bytes, Float32Array] = OrderedDict()
        self._lock = threading.Lock()
        self._bytes = self._hits = self._misses = self._evictions = 0

    def find(self, key: bytes) -> Float32Array | None:
        """The vector (d,), not to be written to; None where there is none."""
        with self._lock:
            vector = self._vectors.get(key)
            if vector is None:
                self._misses += 1
                return None
            self._hits += 1
            self._vectors.move_to_end(key)
            return vector

    def keep(self, key: bytes, vector: Float32Array) -> None:
        """Keep a copy of a vector (d,), unless it alone would fill the cache."""
        size = vector.nbytes + ENTRY_BYTES
        if size > self._most_bytes:
            return
        kept = np.array(vector, dtype=np.float32)
        kept.flags.writeable = False
        with self._lock:
            before = self._vectors.pop(key, None)
            if before is not None:
                self._bytes -= before.nbytes + ENTRY_BYTES
            self._vectors[key] = kept
            self._bytes += size
            while self._bytes > self._most_bytes:
                _, evicted = self._vectors.popitem(last=False)
                self._bytes -= evicted.nbytes + ENTRY_BYTES
                self._evictions += 1

    def counts(self) -> CacheCounts:
        """What it did and holds, at one moment."""
        with self._lock:
            return CacheCounts(
                hits=self._hits,
                misses=self._misses,
                evictions=self._evictions,
                entries=len(self._vectors),
                bytes=self._bytes,
            )


class CachedEncoder:
    """An encoder that asks another one only for what the cache lacks.

    Misses of one call go on together, each input once. What was missed is recorded for warming.
    A vector that was found while the inner encoder is away is noted as a fallback. Ingest takes
    the inner encoder (`uncached`): a catalogue would flush what shoppers ask.
    """

    def __init__(self, inner: Encoder, *, cache: VectorCache, recorder: RequestRecorder) -> None:
        self.inner = inner
        self._cache = cache
        self._recorder = recorder
        self._away = inner if isinstance(inner, MayBeAway) else None
        # A tower may see a text as typed: then texts that are cleaned alike may differ.
        cleaned = all(tower.cleaning == "canonical" for tower in inner.manifest.text)
        self._clean = canonical if cleaned else str
        self._text_hash = hashlib.sha256(f"{inner.manifest.id}\0text\0".encode())
        self._picture_hash = hashlib.sha256(f"{inner.manifest.id}\0picture\0".encode())

    @property
    def manifest(self) -> Manifest:
        """The bundle that encodes."""
        return self.inner.manifest

    def away_reason(self) -> str | None:
        """As `MayBeAway` says."""
        return self._away.away_reason() if self._away else None

    def encode_texts(
        self, texts: Sequence[str], *, deadline: Deadline, clock: StageClock | None = None
    ) -> Float32Array:
        """Vectors (n, d), as `Encoder` says."""
        cleaned = [self._clean(text) for text in texts]
        if not all(cleaned):
            # The inner encoder names the rows that are empty, by their places here.
            return self.inner.encode_texts(texts, deadline=deadline, clock=clock)
        keys = [_key(self._text_hash, text.encode("utf-8", "surrogatepass")) for text in cleaned]

        def encode(rows: list[int]) -> Float32Array:
            missed = [texts[row] for row in rows]
            vectors = self.inner.encode_texts(missed, deadline=deadline, clock=clock)
            for text in missed:
                self._recorder.text(text)
            return vectors

        return self._joined(keys, encode, clock=clock)

    def encode_pictures(
        self, pixels: UInt8Array, *, deadline: Deadline, clock: StageClock | None = None
    ) -> Float32Array:
        """Vectors (n, d), as `Encoder` says."""
        keys = [_key(self._picture_hash, np.ascontiguousarray(each).data) for each in pixels]

        def encode(rows: list[int]) -> Float32Array:
            missed = pixels[rows]
            vectors = self.inner.encode_pictures(missed, deadline=deadline, clock=clock)
            for picture in missed:
                self._recorder.picture(picture)
            return vectors

        return self._joined(keys, encode, clock=clock)

    def close(self) -> None:
        """Close the inner encoder; the cache is not this bundle's alone."""
        self.inner.close()

    def _joined(
        self,
        keys: Sequence[bytes],
        encode: Callable[[list[int]], Float32Array],
        *,
        clock: StageClock | None,
    ) -> Float32Array:
        """Rows (n, d) of what was found and what ``encode`` gives for the rows that were not."""
        # Asked before encoding: a try in between may find the inner encoder back.
        away = self.away_reason()
        found = {key: self._cache.find(key) for key in dict.fromkeys(keys)}
        # Of an input that stands several times the last place goes on; any would do.
        missed = {key: row for row, key in enumerate(keys) if found[key] is None}
        if clock and away and len(missed) < len(found):
            clock.fall_back("encode", used="cached_vectors", reason=away)
        if missed or not keys:
            fresh = encode(list(missed.values()))
            for key, vector in zip(missed, fresh, strict=True):
                self._cache.keep(key, vector)
                found[key] = vector
        rows = np.empty((len(keys), self.inner.manifest.dimension), np.float32)
        for row, key in enumerate(keys):
            rows[row] = found[key]
        return rows


def uncached(encoder: Encoder) -> Encoder:
    """The encoder behind a cache, or the encoder itself where it has none."""
    return encoder.inner if isinstance(encoder, CachedEncoder) else encoder


def _key(prefix: hashlib._Hash, content: bytes | memoryview) -> bytes:
    key = prefix.copy()
    key.update(content)
    return key.digest()
