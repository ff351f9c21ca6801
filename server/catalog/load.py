"""The product table filled from the store: whole when a catalog is opened, then what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from server.arrays import Float32Array
from server.catalog.rows import ProductRows
from server.catalog.stored_columns import StoredColumns
from server.catalog.stored_facts import stored_facts
from server.catalog.vector_bytes import unpack
from server.errors import DataCorrupted
from server.signals.table import ProductTable, TableRows
from server.signals.terms import from_blobs

_PAGE_ROWS = 4_096
_IDS_A_READ = 1_000


def load_table(table: ProductTable, products: ProductRows, *, dimension: int) -> None:
    """Put every stored product into an empty table.

    Raises:
        DataCorrupted: the store lacks a vector that was written with its product.
    """
    stored_values = products.value_vectors()
    for page in products.pages(size=_PAGE_ROWS):
        _put(table, page, dimension=dimension, values_of=lambda _: stored_values)


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
            found = products.columns(asked)
            stored = set(found.ids)
            table.remove([each for each in asked if each not in stored])
            if found:
                _put(table, found, dimension=dimension, values_of=products.value_vectors)


def reload_table(table: ProductTable, products: ProductRows, *, dimension: int) -> None:
    """Put every stored product again, and remove those that the store no longer has.

    Nobody else may write to the table meanwhile.

    Raises: as `load_table`.
    """
    gone = table.ids()
    products.kept.forget()
    for page in products.pages(size=_PAGE_ROWS):
        _put(table, page, dimension=dimension, values_of=products.value_vectors)
        gone.difference_update(page.ids)
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
                [stored_facts(each, payload) for each, payload in payloads.items()]
            )


def _put(
    table: ProductTable,
    rows: StoredColumns,
    *,
    dimension: int,
    values_of: Callable[[Sequence[str]], Mapping[str, Float32Array]],
) -> None:
    """Put stored products; ``values_of`` finds the vectors of value texts that are missing."""
    records = list(map(stored_facts, rows.ids, rows.payloads))
    text, has_text = unpack(rows.text_vectors, dimension=dimension)
    image, has_image = unpack(rows.image_vectors, dimension=dimension)
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
            terms=from_blobs(rows.terms),
            value_vectors={value: np.array(stored[value]) for value in missing},
        )
    )
