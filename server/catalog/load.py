"""The product table filled from the store: whole when a catalog is opened, then what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from omnishelf.v1 import product_pb2

from server.arrays import Float32Array
from server.catalog.codec import to_record
from server.catalog.rows import ProductRows, StoredProduct
from server.catalog.vector_bytes import unpack
from server.errors import DataCorrupted
from server.signals.table import ProductTable, TableRows
from server.signals.terms import from_blobs

_CHUNK_ROWS = 4_096
_IDS_A_READ = 1_000


def load_table(table: ProductTable, products: ProductRows, *, dimension: int) -> None:
    """Put every stored product into an empty table.

    Raises:
        DataCorrupted: the store lacks a vector that was written with its product.
    """
    stored_values = products.value_vectors()
    for chunk in products.chunks(size=_CHUNK_ROWS):
        _put(table, chunk, dimension=dimension, values_of=lambda _: stored_values)


def load_products(
    table: ProductTable, products: ProductRows, *, ids: Sequence[str], dimension: int
) -> None:
    """Let the table have the products of these ids as they are stored now, or no more.

    Raises: as `load_table`.
    """
    for start in range(0, len(ids), _IDS_A_READ):
        asked = ids[start : start + _IDS_A_READ]
        with table.writing():
            products.kept.forget(asked)
            found = products.find(asked)
            table.remove([each for each in asked if each not in found])
            if found:
                rows = list(found.values())
                _put(table, rows, dimension=dimension, values_of=products.value_vectors)


def reload_table(table: ProductTable, products: ProductRows, *, dimension: int) -> None:
    """Put every stored product again, and remove those that the store no longer has.

    Nobody else may write to the table meanwhile.

    Raises: as `load_table`.
    """
    gone = table.ids()
    products.kept.forget()
    for chunk in products.chunks(size=_CHUNK_ROWS):
        _put(table, chunk, dimension=dimension, values_of=products.value_vectors)
        gone.difference_update(row.id for row in chunk)
    table.remove(gone)


def load_signals(table: ProductTable, products: ProductRows, *, ids: Sequence[str]) -> None:
    """Let the table have the prices, stock, ratings and sales of products as they are stored now.

    Products that the table or the store has not are passed over.
    """
    for start in range(0, len(ids), _IDS_A_READ):
        asked = ids[start : start + _IDS_A_READ]
        with table.writing():
            products.kept.forget(asked)
            payloads = products.get_many(asked)
            table.update_signals(
                [to_record(product_pb2.Product.FromString(each)) for each in payloads.values()]
            )


def _put(
    table: ProductTable,
    chunk: Sequence[StoredProduct],
    *,
    dimension: int,
    values_of: Callable[[Sequence[str]], Mapping[str, Float32Array]],
) -> None:
    """Put stored products; ``values_of`` finds the vectors of value texts that are missing."""
    records = [to_record(product_pb2.Product.FromString(row.payload)) for row in chunk]
    text, has_text = unpack([row.text_vector for row in chunk], dimension=dimension)
    image, has_image = unpack([row.image_vector for row in chunk], dimension=dimension)
    missing = table.missing_values(records)
    stored = values_of(missing) if missing else {}
    if lost := [value for value in missing if value not in stored]:
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
            value_vectors={value: np.array(stored[value]) for value in missing},
        )
    )
