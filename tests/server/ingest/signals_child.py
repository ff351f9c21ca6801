"""Updates the stock of a shop's products again and again until it is killed: run with ``-m``.

Prints the stock that was acknowledged last.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing
from pathlib import Path

from server.catalog.record import ProductRecord
from server.ingest.signals import SignalUpdate
from server.retrieval.milvus import MilvusEngine
from tests.server.ingest.shop_parts import item, open_shop, vectors_path

PRODUCTS = 5


def main(folder: Path, store_url: str, updates: int) -> None:
    """Write products, then stock 1 and on."""
    with ExitStack() as stack:
        engine = stack.enter_context(closing(MilvusEngine(vectors_path(folder))))
        shop = open_shop(store_url, engine, closing=stack)
        shop.writer.write("shop", [item(f"p{place}", stock=0) for place in range(PRODUCTS)])
        for stock in range(1, updates + 1):
            shop.writer.update_signals("shop", [_stock(place, stock) for place in range(PRODUCTS)])
            print(stock, flush=True)  # noqa: T201 - the test reads it


def _stock(place: int, stock: int) -> SignalUpdate:
    record = ProductRecord(id=f"p{place}", title="", group_id="", stock=stock)
    return SignalUpdate(record=record, fields=frozenset({"stock"}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
