"""The vectors of products: of their captions, their pictures, and the values they carry."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass

import numpy as np

from server.arrays import BoolArray, Float32Array, UInt8Array
from server.catalog.record import ProductRecord
from server.deadline import Deadline
from server.encoders.protocol import Encoder
from server.ingest.caption import captions

_LEAST_NORM = 1e-3
_PICTURES_A_RUN = 4


def embed_texts(
    records: Sequence[ProductRecord], *, encoder: Encoder, deadline: Deadline
) -> Float32Array:
    """Unit vectors (n, d): of each record the normalised mean over its captions."""
    texts = [captions(record) for record in records]
    flat = [text for each in texts for text in each]
    lengths = [len(each) for each in texts]
    starts = np.cumsum([0, *lengths[:-1]])
    vectors = encoder.encode_texts(flat, deadline=deadline)
    sums = np.add.reduceat(vectors, starts, axis=0)
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    # Captions that cancel out leave the first, that of the main title, to speak alone.
    means: Float32Array = np.where(
        norms > _LEAST_NORM, sums / np.maximum(norms, _LEAST_NORM), vectors[starts]
    )
    return means


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """The vectors of n products, under way on the threads of a pool.

    ``has`` is bool (n,), which products have a picture; ``pictures`` are runs of those, in order.
    """

    text: Future[Float32Array]
    pictures: tuple[Future[Float32Array], ...]
    has: BoolArray
    dimension: int

    def vectors(self) -> tuple[Float32Array, Float32Array]:
        """Wait for the unit vectors (n, d) of texts and pictures; zeros where there is no picture.

        Raises: as `Encoder`, the first error in order.
        """
        text = self.text.result()
        image = np.zeros((len(self.has), self.dimension), dtype=np.float32)
        if self.pictures:
            image[self.has] = np.concatenate([run.result() for run in self.pictures])
        return text, image

    def abandon(self) -> None:
        """Take back what has not begun, and wait for what has: then nothing uses the encoder."""
        under_way = [run for run in (self.text, *self.pictures) if not run.cancel()]
        wait(under_way)


def start_embedding(
    records: Sequence[ProductRecord],
    pixels: Sequence[UInt8Array | None],
    *,
    encoder: Encoder,
    deadline: Deadline,
    pool: Executor,
) -> Embedding:
    """Begin with the texts and pictures of n products, None where there are no pixels.

    The threads of ``pool`` share the pictures a few at a time: encoding them is most of ingest, and
    a tower runs on one core.
    """
    kept = [each for each in pixels if each is not None]
    return Embedding(
        text=pool.submit(embed_texts, records, encoder=encoder, deadline=deadline),
        pictures=tuple(
            pool.submit(
                encoder.encode_pictures,
                np.stack(kept[start : start + _PICTURES_A_RUN]),
                deadline=deadline,
            )
            for start in range(0, len(kept), _PICTURES_A_RUN)
        ),
        has=np.array([each is not None for each in pixels], dtype=np.bool_),
        dimension=encoder.manifest.dimension,
    )


def embed_values(
    texts: Sequence[str], *, encoder: Encoder, deadline: Deadline
) -> dict[str, Float32Array]:
    """Unit vectors (d,) by text."""
    if not texts:
        return {}
    return dict(zip(texts, encoder.encode_texts(texts, deadline=deadline), strict=True))
