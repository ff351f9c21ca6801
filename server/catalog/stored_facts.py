"""What the product table takes of a stored product, read without making the rest of it.

A server that starts reads every product so; `server.catalog.codec.to_record` reads the whole of
one, and takes five times as long.
"""

from __future__ import annotations

from typing import NamedTuple

from omnishelf.v1 import product_pb2

from server.catalog.codec import from_money, from_timestamp, units_sold
from server.catalog.record import deepest_path


class StoredFacts(NamedTuple):
    """A `server.signals.facts.ProductFacts` (whose fields these are).

    A tuple, because a catalogue makes as many as it has products: a frozen dataclass of so many
    fields takes several times as long to make.
    """

    id: str
    group_id: str
    category_paths: tuple[str, ...]
    brand: str
    color: str
    price: float | None
    list_price: float | None
    stock: int | None
    rating: float | None
    rating_count: int
    units_1_day: int | None
    units_7_days: int | None
    units_30_days: int | None
    create_seconds: float | None

    @property
    def deepest_category(self) -> str:
        """The most specific path, see `deepest_path`."""
        return deepest_path(self.category_paths)


def stored_facts(product_id: str, payload: bytes) -> StoredFacts:
    """The facts of a serialized `omnishelf.v1.Product`: those of its record, value for value."""
    message = product_pb2.Product.FromString(payload)
    has = message.HasField
    rating, count = None, 0
    units: tuple[int | None, int | None, int | None] = (None, None, None)
    if has("rating"):
        rating, count = message.rating.average, message.rating.count
    if has("sales"):
        units = units_sold(message.sales)
    return StoredFacts(
        product_id,
        message.group_id or product_id,
        # A repeated field is walked in Python, and copied out in C.
        tuple(message.category_paths[:]),
        message.brand,
        message.color,
        from_money(message.price) if has("price") else None,
        from_money(message.list_price) if has("list_price") else None,
        message.stock if has("stock") else None,
        rating,
        count,
        *units,
        from_timestamp(message.create_time) if has("create_time") else None,
    )
