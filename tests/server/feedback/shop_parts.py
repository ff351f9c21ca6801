"""A store with a catalog for tests."""

from __future__ import annotations

from server.catalog.rows import StoredProduct
from server.catalog.store import Store
from server.catalog.tables import SCHEMA
from server.feedback import tables

HELD = ("mug", "shoe")


def open_store(url: str) -> Store:
    """A store with the tables of this room too."""
    assert tables.events in SCHEMA.sorted_tables, "they are made with the others"
    return Store(url)


def with_catalog(store: Store, name: str = "shop") -> Store:
    """The store, with a catalog that holds `HELD`."""
    generation = store.generations.begin(catalog=name, bundle="starter_1", layout=1)
    rows = [
        StoredProduct(id=each, payload=b"", text_vector=None, image_vector=None, terms=b"")
        for each in HELD
    ]
    store.rows(generation.number).write_pending(rows, values={})
    store.generations.serve(generation, instead_of=None)
    return store
