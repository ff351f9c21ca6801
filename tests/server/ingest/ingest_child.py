"""Ingests numbered products into a folder until it is done or killed: run with ``-m``.

Prints the number of products acknowledged after each batch. With ``--waits`` it waits before the
last product for its end, which otherwise may come after that of the work.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from server.ingest.incoming import IncomingProduct
from server.retrieval.milvus import MilvusEngine
from tests.server.ingest.shop_parts import item, open_shop, png, store_path, vectors_path


def main(folder: Path, count: int, *, waits: bool) -> None:
    """Write products ``p0000`` and on."""

    def items() -> Iterator[IncomingProduct]:
        for place in range(count):
            if waits and place == count - 1:
                threading.Event().wait()
            yield item(f"p{place:04d}", picture=png(place % 256))

    with ExitStack() as stack:
        engine = stack.enter_context(closing(MilvusEngine(vectors_path(folder))))
        shop = open_shop(store_path(folder), engine, closing=stack)
        for acknowledged, _ in enumerate(shop.writer.stream("shop", items()), start=1):
            print(acknowledged, flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), waits="--waits" in sys.argv)
