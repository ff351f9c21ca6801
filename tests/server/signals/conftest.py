from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from server.arrays import Float32Array
from server.catalog.record import ProductRecord
from server.signals.affinity import value_texts
from server.signals.table import ProductTable, TableRows
from server.signals.terms import term_rows

Put = Callable[..., None]


@pytest.fixture
def table() -> ProductTable:
    """An empty table of two-dimensional vectors."""
    return ProductTable(dimension=2, fold=str.casefold, image_share=0.25)


@pytest.fixture
def put(table: ProductTable) -> Put:
    """Put records with vectors: texts by id, pictures by id, value vectors by text."""

    def put_records(
        records: Sequence[ProductRecord],
        *,
        text: Mapping[str, Sequence[float]] | None = None,
        image: Mapping[str, Sequence[float]] | None = None,
        values: Mapping[str, Sequence[float]] | None = None,
        terms: Mapping[str, Mapping[str, Sequence[int]]] | None = None,
    ) -> None:
        texts = {record.id: (1.0, 0.0) for record in records} if text is None else text
        images = image or {}
        needed = dict.fromkeys(each for record in records for each in value_texts(record))
        table.put(
            TableRows(
                records=records,
                text=_rows(records, texts),
                has_text=np.array([record.id in texts for record in records]),
                image=_rows(records, images),
                has_image=np.array([record.id in images for record in records]),
                terms=term_rows([(terms or {}).get(record.id, {}) for record in records]),
                value_vectors={
                    each: np.array((values or {}).get(each, (1.0, 0.0)), dtype=np.float32)
                    for each in needed
                },
            )
        )

    return put_records


def _rows(records: Sequence[ProductRecord], vectors: Mapping[str, Sequence[float]]) -> Float32Array:
    return np.array([vectors.get(record.id, (0.0, 0.0)) for record in records], dtype=np.float32)
