"""A catalogue of any size, made of a smaller one's products without encoding any of them.

Products go the way of every write from the point where their vectors are there: analysed, stored
as pending, indexed, marked, put into the table. Each copy has an id, a group, a model number in its
title (so that the vocabulary grows with the catalogue), a price and vectors of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from omnishelf.v1 import product_pb2

from exporter.lexicon import read_lexicon
from server.app import build_app
from server.arrays import Float32Array
from server.catalog.codec import product_name
from server.catalog.rows import StoredProduct
from server.catalog.store import Store
from server.catalog.vector_bytes import pack, unpack
from server.errors import NotFound
from server.ingest.commit import commit, make_batch
from server.retrieval.analysis import Analyzer
from server.settings import Settings

CATALOG = "copies"
_ROWS_A_BATCH = 500
_STRAY = 0.25
"""Length of the noise on a copy's unit vector: cosines with the original of about 0.97."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredShop:
    """The products of a served catalog as its store keeps them, and its values' vectors."""

    rows: Sequence[StoredProduct]
    values: Mapping[str, Float32Array]


def stored_shop(settings: Settings, *, catalog: str) -> StoredShop:
    """All products of a catalog in the data directory of the settings.

    Raises:
        NotFound: there is no such catalog.
    """
    store = Store(settings.store_url)
    try:
        served = store.generations.served()
        if catalog not in served:
            message = f"there is no catalog {catalog!r} in {settings.data}; index it first"
            raise NotFound(message, reason="CATALOG_NOT_FOUND", catalog=catalog)
        products = store.rows(served[catalog].number)
        rows = [row for chunk in products.chunks(size=_ROWS_A_BATCH) for row in chunk]
        return StoredShop(rows=rows, values=products.value_vectors())
    finally:
        store.close()


def write_copies(
    shop: StoredShop,
    settings: Settings,
    *,
    products: int,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Write ``products`` copies into `CATALOG` of the settings' data directory, which nobody has.

    ``progress`` is told how many are written.

    Raises:
        AlreadyInUse: a server runs on the data directory.
    """
    with build_app(settings) as app:
        bundle = app.catalogs.bundle_to_write(CATALOG).manifest
        catalog = app.catalogs.to_write(CATALOG, bundle_id=bundle.id)
        lexicon = settings.bundle_directory / bundle.lexicon if bundle.lexicon else None
        analyzer = Analyzer(read_lexicon(lexicon) if lexicon else {})
        written = 0
        for rows in copies(shop.rows, products=products, dimension=catalog.index.dimension):
            batch = make_batch(
                rows, values=shop.values, analyzer=analyzer, dimension=catalog.index.dimension
            )
            commit(catalog, batch)
            written += len(rows)
            progress(written)


def copies(
    rows: Sequence[StoredProduct], *, products: int, dimension: int, seed: int = 5
) -> Iterator[list[StoredProduct]]:
    """``products`` copies of stored rows, the rows in turn, in batches; the same for one seed."""
    text, has_text = unpack([row.text_vector for row in rows], dimension=dimension)
    image, has_image = unpack([row.image_vector for row in rows], dimension=dimension)
    draw = np.random.default_rng(seed)
    for start in range(0, products, _ROWS_A_BATCH):
        numbers = range(start, min(start + _ROWS_A_BATCH, products))
        of = np.array(numbers) % len(rows)
        texts = pack(_strayed(text[of], draw), has=has_text[of].tolist())
        images = pack(_strayed(image[of], draw), has=has_image[of].tolist())
        yield [
            replace(
                rows[number % len(rows)],
                id=f"{number:07d}",
                payload=_payload(rows[number % len(rows)].payload, number=number),
                text_vector=text_vector,
                image_vector=image_vector,
            )
            for number, text_vector, image_vector in zip(numbers, texts, images, strict=True)
        ]


def _strayed(vectors: Float32Array, draw: np.random.Generator) -> Float32Array:
    """Unit rows near unit rows (n, d); zeros stay near zero, for nobody reads them."""
    noise = draw.standard_normal(vectors.shape, dtype=np.float32)
    near = vectors + noise * np.float32(_STRAY / math.sqrt(vectors.shape[1]))
    unit: Float32Array = near / np.linalg.norm(near, axis=1, keepdims=True)
    return unit


def _payload(payload: bytes, *, number: int) -> bytes:
    message = product_pb2.Product.FromString(payload)
    message.name = product_name(CATALOG, f"{number:07d}")
    message.title = f"{message.title} M{number}"
    message.group_id = f"{message.group_id}-{number // 8}"
    message.price.units += number % 97
    return message.SerializeToString()
