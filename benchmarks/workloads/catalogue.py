"""What a workload takes from a catalogue's file: ids, real filters, products with photographs."""

from __future__ import annotations

import hashlib
import heapq
import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from server.catalog.record import ProductRecord
from server.errors import InvalidRequest, Violation
from server.ingest.columns import ColumnPlan, plan_columns
from server.ingest.files import ProductRow, open_catalog, open_source
from server.ingest.formats.protocol import RawRow

_VALUES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFacts:
    """What questions are made of.

    Attributes:
        filters: Filter texts that some products pass, in a fixed order: the lower half of prices,
            the most frequent colours, brands and categories, and prices with each of these.
        photographs: Files of products' pictures, at most as many as were asked for.
        products: How many there are.
    """

    filters: tuple[str, ...]
    photographs: tuple[bytes, ...]
    products: int


def product_ids(catalogue: Path) -> frozenset[str]:
    """Every id in a catalogue's file; rows that cannot be read have none.

    Raises:
        InvalidRequest: the file cannot be read as a catalogue.
    """
    source = open_source(catalogue)
    plan: ColumnPlan = plan_columns(source.survey().columns, mapping={})
    column = plan.fields.get("id", "id")
    rows = (row.values.get(column) for row in source if isinstance(row, RawRow))
    return frozenset(str(each) for each in rows if each is not None)


def read_catalogue(catalogue: Path, *, photographs: int, seed: int) -> CatalogueFacts:
    """Look through a catalogue's file, and keep the pictures of a few products drawn by ``seed``.

    Raises:
        InvalidRequest: the file cannot be read as a catalogue, or holds no product.
    """
    prices: list[float] = []
    least: dict[tuple[str, str], float] = {}
    values: dict[str, Counter[str]] = {
        "color": Counter(),
        "brand": Counter(),
        "category": Counter(),
    }
    # The products with the least hashes: a draw that depends on no product but the drawn.
    drawn: list[tuple[int, str, bytes]] = []
    products = 0
    for row in _products(catalogue):
        products += 1
        record = row.record
        if record.price is not None:
            prices.append(record.price)
        for name, value in _values(record):
            values[name][value] += 1
            price = math.inf if record.price is None else record.price
            least[name, value] = min(least.get((name, value), math.inf), price)
        if row.picture is not None and photographs:
            item = (-_hash(seed, record.id), record.id, row.picture)
            if len(drawn) < photographs:
                heapq.heappush(drawn, item)
            else:
                heapq.heappushpop(drawn, item)
    if not products:
        description = "no row of it is a product; `omnishelf index` says why"
        violation = Violation(
            field=str(catalogue), reason="CATALOG_WITHOUT_PRODUCTS", description=description
        )
        raise InvalidRequest([violation])
    return CatalogueFacts(
        filters=tuple(_filters(prices, values, least)),
        photographs=tuple(picture for _, _, picture in sorted(drawn, reverse=True)),
        products=products,
    )


def _products(catalogue: Path) -> Iterator[ProductRow]:
    file = open_catalog(catalogue, mapping={}, allow_missing=frozenset({"price", "image"}))
    return (row for row in file if isinstance(row, ProductRow))


def _values(record: ProductRecord) -> Iterator[tuple[str, str]]:
    named = (
        ("color", record.color),
        ("brand", record.brand),
        ("category", record.deepest_category),
    )
    return ((name, value) for name, value in named if value and value.isprintable())


def _filters(
    prices: list[float], values: dict[str, Counter[str]], least: dict[tuple[str, str], float]
) -> Iterator[str]:
    """``least`` is the lowest price of a field's value, so that no filter asks for nothing."""
    middle = median(prices) if prices else -math.inf
    cheap = f"price <= {middle:.6f}".rstrip("0").rstrip(".")
    if prices:
        yield cheap
    for name, counts in values.items():
        sign = ":" if name == "category" else "="
        # Of values that are equally frequent the first in the alphabet, whatever the file's order.
        frequent = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_VALUES]
        for value, _ in frequent:
            having = f"{name} {sign} {json.dumps(value, ensure_ascii=False)}"
            yield having
            if least[name, value] <= middle:
                yield f"{cheap} AND {having}"


def _hash(seed: int, product: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed} {product}".encode(), digest_size=8).digest())
