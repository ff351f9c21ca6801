"""The product table filled from the store when a catalog is opened."""

from __future__ import annotations

import numpy as np
from omnishelf.v1 import product_pb2

from server.catalog.codec import to_record
from server.catalog.rows import ProductRows
from server.catalog.vector_bytes import unpack
from server.errors import DataCorrupted
from server.signals.table import ProductTable, TableRows
from server.signals.terms import from_blobs

_CHUNK_ROWS = 4_096


def load_table(table: ProductTable, products: ProductRows, *, dimension: int) -> None:
    """Put every stored product into an empty table.

    Raises:
        DataCorrupted: the store lacks a vector that was written with its product.
    """
    stored_values = products.value_vectors()
    for chunk in products.chunks(size=_CHUNK_ROWS):
        records = [to_record(product_pb2.Product.FromString(row.payload)) for row in chunk]
        text, has_text = unpack([row.text_vector for row in chunk], dimension=dimension)
        image, has_image = unpack([row.image_vector for row in chunk], dimension=dimension)
        missing = table.missing_values(records)
        if lost := [value for value in missing if value not in stored_values]:
            message = (
                f"the store lost the vector of {lost[0]!r}; index the catalog again with "
                "omnishelf index CATALOG_FILE --replace"
            )
            raise DataCorrupted(message, reason="VALUE_VECTOR_LOST")
        table.put(
            TableRows(
                records=records,
                text=text,
                has_text=has_text,
                image=image,
                has_image=has_image,
                terms=from_blobs([row.terms for row in chunk]),
                value_vectors={value: np.array(stored_values[value]) for value in missing},
            )
        )
