"""Records and candidates for tests of the product table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from server.arrays import Float32Array, Int32Array
from server.catalog.record import ProductRecord
from server.signals.reader import TableReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Candidates as merging gives them."""

    rows: Int32Array
    text_similarity: Float32Array
    image_similarity: Float32Array
    lexical_score: Float32Array


def product(product_id: str, **fields: object) -> ProductRecord:
    return ProductRecord(**{"id": product_id, "title": "t", "group_id": product_id, **fields})  # type: ignore[arg-type]


def merged(reader: TableReader, ids: list[str]) -> Merged:
    count = len(ids)
    return Merged(
        rows=reader.rows(ids),
        text_similarity=np.arange(count, dtype=np.float32),
        image_similarity=np.arange(count, dtype=np.float32) + 10,
        lexical_score=np.arange(count, dtype=np.float32) + 20,
    )


def nan(count: int) -> Float32Array:
    return np.full(count, np.nan, dtype=np.float32)
