"""What tests of several replicas count with, look up and wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from server.arrays import Float32Array
from server.catalog.changes import ChangeKind
from server.catalog.record import ProductRecord
from server.catalog.store import Store
from server.ingest.signals import SignalUpdate
from server.signals.columns import NUMBERS
from tests.server.ingest.shop_parts import Shop


@dataclass
class SharedCounts:
    """Counts that both replicas read; one click is counted in a transaction of a store."""

    clicks: dict[str, tuple[int, int]] = field(default_factory=dict)

    def click(self, store: Store, product_id: str, clicks: int) -> None:
        with store.database.write() as connection:
            number = store.changes.note(connection, ChangeKind.COUNTS, catalog="shop")
            self.clicks[product_id] = (clicks, number)

    def all(self, catalog: str) -> tuple[Sequence[str], Float32Array]:
        return self.changed_since(catalog, 0)

    def changed_since(self, catalog: str, number: int) -> tuple[Sequence[str], Float32Array]:
        assert catalog == "shop"
        ids = [each for each, (_, at) in self.clicks.items() if at > number]
        rows = [(0, self.clicks[each][0], 0, 0) for each in ids]
        return ids, np.array(rows, dtype=np.float32).reshape(-1, 4)


def number(shop: Shop, product_id: str, name: str) -> float:
    """A number of the product's row in the table; NaN where it has none."""
    catalog = shop.catalogs.find("shop")
    if catalog is None or product_id not in catalog.table.ids():
        return float("nan")
    reader = catalog.table.reader()
    return float(reader.numbers(reader.rows([product_id]))[NUMBERS.index(name), 0])


def signals(product_id: str, **fields: object) -> SignalUpdate:
    values = {"id": product_id, "title": "", "group_id": "", **fields}
    return SignalUpdate(record=ProductRecord(**values), fields=frozenset(fields))  # type: ignore[arg-type]


def seconds_until(seen: Callable[[], bool]) -> float:
    """How long it takes until it is so; a minute at most."""
    start = time.monotonic()
    waiting = threading.Event()
    while not seen():
        elapsed = time.monotonic() - start
        assert elapsed < 60
        waiting.wait(0.005)
    return time.monotonic() - start
