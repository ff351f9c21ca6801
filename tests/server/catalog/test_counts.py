from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from server.arrays import Float32Array
from server.catalog.catalogs import Catalog, Catalogs
from server.catalog.changes import ChangeKind
from server.catalog.counts import LiveCounts
from server.catalog.rows import StoredProduct
from server.catalog.store import Store
from server.encoders.recorder import RequestRecorder
from server.encoders.shelf import EncoderShelf
from server.retrieval.exact import ExactEngine
from server.signals.columns import COUNTS
from server.signals.table import TableRows
from server.signals.terms import term_rows
from tests.server.encoders.shelf_parts import SmallEncoder, manifest, opened
from tests.server.signals.table_parts import product


@dataclass
class KeptCounts:
    """Counts in a dictionary, each with the number of its last change; ``asked`` in order."""

    store: Store
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    asked: list[int | None] = field(default_factory=list)

    def count(self, product_id: str, clicks: int) -> None:
        with self.store.database.write() as connection:
            number = self.store.changes.note(connection, ChangeKind.COUNTS, catalog="shop")
            self.counts[product_id] = (clicks, number)

    def all(self, catalog: str) -> tuple[Sequence[str], Float32Array]:
        self.asked.append(None)
        return self._after(catalog, 0)

    def changed_since(self, catalog: str, number: int) -> tuple[Sequence[str], Float32Array]:
        self.asked.append(number)
        return self._after(catalog, number)

    def _after(self, catalog: str, number: int) -> tuple[Sequence[str], Float32Array]:
        assert catalog == "shop"
        ids = [each for each, (_, at) in self.counts.items() if at > number]
        rows = [(0, self.counts[each][0], 0, 0) for each in ids]
        return ids, np.array(rows, dtype=np.float32).reshape(-1, 4)


def catalogs_of(store: Store, engine: ExactEngine, source: KeptCounts) -> Catalogs:
    shelf = EncoderShelf(open_encoder=opened, recorder=RequestRecorder())
    shelf.put(SmallEncoder(manifest("a", dimension=2)))
    made = Catalogs(
        store=store,
        engine=engine,
        shelf=shelf,
        fold=str.casefold,
        counts=LiveCounts(source=source, changes=store.changes),
    )
    made.load()
    return made


def put(catalog: Catalog, *ids: str) -> None:
    """Products without anything, in the table and, where it is loaded again, in the store."""
    table_rows = TableRows(
        records=[product(each) for each in ids],
        text=np.zeros((len(ids), 2), dtype=np.float32),
        has_text=np.zeros(len(ids), dtype=bool),
        image=np.zeros((len(ids), 2), dtype=np.float32),
        has_image=np.zeros(len(ids), dtype=bool),
        terms=term_rows([{} for _ in ids]),
        value_vectors={},
    )
    catalog.table.put(table_rows)


def clicks(catalog: Catalog, product_id: str) -> float:
    reader = catalog.table.reader()
    return float(reader.numbers(reader.rows([product_id]))[COUNTS][1, 0])


def test_counts_are_taken_up_as_they_come(store: Store) -> None:
    source = KeptCounts(store)
    catalogs = catalogs_of(store, ExactEngine(), source)
    catalog = catalogs.to_write("shop", bundle_id=manifest("a", dimension=2).id)
    put(catalog, "a", "b")
    live = LiveCounts(source=source, changes=store.changes)
    source.asked.clear()
    source.count("a", 3)
    live.take_up(catalog)
    assert (clicks(catalog, "a"), clicks(catalog, "b")) == (3.0, 0.0)

    source.count("b", 1)
    source.count("unknown", 9)
    live.take_up(catalog)
    live.take_up(catalog)
    assert (clicks(catalog, "a"), clicks(catalog, "b")) == (3.0, 1.0)
    first, *later = source.asked
    assert first is None
    assert later == [source.counts["a"][1], source.counts["unknown"][1]]

    live.take_up(catalog, all_of_them=True)
    assert source.asked[-1] is None


def test_a_restart_and_a_replacement_keep_the_counts(store: Store) -> None:
    source, engine = KeptCounts(store), ExactEngine()
    catalogs = catalogs_of(store, engine, source)
    bundle_id = manifest("a", dimension=2).id
    first = catalogs.to_write("shop", bundle_id=bundle_id)
    row = StoredProduct(
        id="a",
        payload=b"\n\x18catalogs/shop/products/a",
        text_vector=None,
        image_vector=None,
        terms=np.zeros(6, dtype="<i4").tobytes(),
    )
    first.products.write_pending([row], values={})
    source.count("a", 5)

    assert clicks(catalogs_of(store, engine, source).get("shop"), "a") == 5.0

    with catalogs.replacing("shop") as fresh:
        put(fresh, "a")
        assert clicks(fresh, "a") == 0.0
    assert clicks(catalogs.get("shop"), "a") == 5.0
