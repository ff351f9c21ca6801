"""What is searched for at every size: texts, their vectors, and the encoder that makes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.scale.vectors import ShopVectors, asked_texts, caption_texts
from server.arrays import Float32Array
from server.deadline import Deadline
from server.encoders.embedded import EmbeddedEncoder

QUERIES = 200
Encode = Callable[[str], Float32Array]
"""One text to its unit vector float32 (d,), by the tower in this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """n texts and their vectors, unit rows float32 (n, d)."""

    texts: Sequence[str]
    vectors: Float32Array


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopText:
    """A shop as texts see it: its captions' vectors, what is asked, and how texts are encoded."""

    captions: Float32Array
    asked: Asked
    encode: Encode

    def shop(self, products: int) -> ShopVectors:
        """The vectors of a shop of this many products."""
        return ShopVectors(captions=self.captions, products=products)


@contextmanager
def shop_text(bundle: Path, *, keep: Path) -> Iterator[ShopText]:
    """The text side of a bundle; captions are encoded once for a folder.

    Raises:
        DataCorrupted, FailedPrecondition: the bundle cannot be opened.
    """
    encoder = EmbeddedEncoder(bundle, threads=1)
    try:
        texts = asked_texts(QUERIES)
        yield ShopText(
            captions=_captions(encoder, keep / f"captions_{encoder.manifest.id}.npy"),
            asked=Asked(texts=texts, vectors=_encoded(encoder, texts)),
            encode=lambda text: _encoded(encoder, [text])[0],
        )
    finally:
        encoder.close()


def _captions(encoder: EmbeddedEncoder, file: Path) -> Float32Array:
    if file.is_file():
        kept: Float32Array = np.load(file)
        return kept
    made = _encoded(encoder, caption_texts())
    file.parent.mkdir(parents=True, exist_ok=True)
    np.save(file, made)
    return made


def _encoded(encoder: EmbeddedEncoder, texts: Sequence[str]) -> Float32Array:
    return encoder.encode_texts(texts, deadline=Deadline.never())
