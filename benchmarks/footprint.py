"""What a server's memory is for: its process with a large catalogue beside one with a small one.

    python -m benchmarks.footprint [--shop CATALOG.jsonl] [--products 100000] [--keep DIR] [--json]

The large catalogue is made of the small one's products without encoding any of them again
(`benchmarks.scale.copied_shop`): with the small one's encoder bundle, searched by the same server.
The engine is a process of its own, so a server's resident memory is all beyond the engine's own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import grpc
from omnishelf.v1 import search_service_pb2 as pb
from omnishelf.v1 import search_service_pb2_grpc as rpc

from benchmarks.object_sizes import sizes
from benchmarks.scale.copied_shop import CATALOG as COPIES
from benchmarks.scale.copied_shop import StoredShop, stored_shop, write_copies
from benchmarks.scale.vectors import asked_texts
from benchmarks.served import indexed, served
from server.app import build_app
from server.catalog.builds import LAYOUT
from server.sample_shop.generate import write_sample_shop
from server.settings import load_settings

PRODUCTS: Final = 100_000
CATALOG: Final = "small"
_QUESTIONS: Final = 50
_ANSWER_SECONDS: Final = 60.0
_SEED: Final = 5
_DONE: Final = "copied.json"
_DEPTH: Final = 3
_LEAST_MB: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Megabytes (10^6 bytes), resident unless it says otherwise, after the same searches on both.

    Attributes:
        products: How many the large catalogue holds.
        server_mb: The server's process with it: all of the system's memory beyond the engine's own.
        small_server_mb: The same process with the catalogue it was copied from.
        catalogue_mb: The difference.
        engine_mb: The engine's process with the large catalogue.
        parts: What the catalogue's table in memory holds, by what, as its arrays and objects say;
            room to grow that was never touched is counted, too.
    """

    products: int
    server_mb: float
    small_server_mb: float
    catalogue_mb: float
    engine_mb: float
    parts: Mapping[str, float]


def megabytes_at(
    products: int = PRODUCTS,
    *,
    data: Path,
    catalog: str = CATALOG,
    keep: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Footprint:
    """Measure a server with ``products`` copies of the catalog that is indexed in ``data``.

    Writing 100,000 copies takes some minutes; with ``keep`` they stay in that folder, and are used
    again. ``progress`` is told how many are written.

    Raises:
        NotFound: there is no such catalog in ``data``.
        Unavailable: a server does not start.
    """
    with _copies(products, data=data, catalog=catalog, keep=keep, progress=progress) as large:
        small_mb, _ = _resident(data, catalog)
        server_mb, engine_mb = _resident(large, COPIES)
        spawned = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=1, mp_context=spawned) as apart:
            parts = apart.submit(table_parts, large, COPIES).result()
    return Footprint(
        products=products,
        server_mb=server_mb,
        small_server_mb=small_mb,
        catalogue_mb=round(server_mb - small_mb, 1),
        engine_mb=engine_mb,
        parts=parts,
    )


def table_parts(data: Path, catalog: str) -> dict[str, float]:
    """Megabytes of a catalog's table by what holds them, the largest first; less than half is left.

    Opens the data folder, so nobody else may have it open.
    """
    with build_app(load_settings(flags={"data": data, "log.level": "error"})) as app:
        found = sizes(app.catalogs.get(catalog).table, depth=_DEPTH)
    return {name: round(size / 1e6, 1) for name, size in found.items() if size / 1e6 >= _LEAST_MB}


@contextmanager
def _copies(
    products: int,
    *,
    data: Path,
    catalog: str,
    keep: Path | None,
    progress: Callable[[int], None],
) -> Iterator[Path]:
    """A data folder that holds the copies."""
    if keep is not None:
        _write(products, data=data, catalog=catalog, into=keep, progress=progress)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="omnishelf-footprint-") as folder:
        _write(products, data=data, catalog=catalog, into=Path(folder), progress=progress)
        yield Path(folder)


def _write(
    products: int, *, data: Path, catalog: str, into: Path, progress: Callable[[int], None]
) -> None:
    """Write the copies, unless the folder holds as many of that catalog already."""
    shop = stored_shop(load_settings(flags={"data": data}), catalog=catalog)
    wanted = {"products": products, "layout": LAYOUT, "of": _digest(shop)}
    done = into / _DONE
    if done.is_file() and json.loads(done.read_text()) == wanted:
        return
    if into.is_dir():
        shutil.rmtree(into)
    into.mkdir(parents=True)
    target = load_settings(flags={"data": into, "log.level": "error"})
    write_copies(shop, target, products=products, progress=progress)
    done.write_text(json.dumps(wanted))


def _digest(shop: StoredShop) -> str:
    """SHA-256, in hex, of the products that are copied."""
    made = hashlib.sha256()
    for row in shop.rows:
        for part in (row.payload, row.text_vector or b"", row.image_vector or b""):
            made.update(len(part).to_bytes(8, "big") + part)
    return made.hexdigest()


def _resident(data: Path, catalog: str) -> tuple[float, float]:
    """Megabytes of a server and of its engine, after the same searches."""
    with served(data) as server, grpc.insecure_channel(server.address) as channel:
        service = rpc.SearchServiceStub(channel)
        for text in asked_texts(_QUESTIONS):
            service.SearchProducts(
                pb.SearchProductsRequest(
                    parent=f"catalogs/{catalog}", query=[pb.QueryPart(text=text)]
                ),
                timeout=_ANSWER_SECONDS,
            )
        memory = server.memory()
    return memory["server_mb"], memory["engine_mb"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--shop", type=Path, help="catalogue to copy [the sample shop]")
    parser.add_argument("--products", type=int, default=PRODUCTS)
    parser.add_argument("--keep", type=Path, help="folder of the copies, for a later run")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="omnishelf-footprint-") as folder:
        shop = arguments.shop or write_sample_shop(Path(folder), seed=_SEED).catalog
        with indexed(shop, catalog=CATALOG) as data:
            found = megabytes_at(arguments.products, data=data, keep=arguments.keep)
    if arguments.json:
        print(json.dumps(asdict(found)))
        return
    print(f"server with {found.products:,} products {found.server_mb:8.1f} MB")
    print(f"server with the catalogue copied {found.small_server_mb:8.1f} MB")
    print(f"the difference                  {found.catalogue_mb:8.1f} MB")
    for name, megabytes in found.parts.items():
        print(f"  {name:30} {megabytes:6.1f} MB")
    print(f"engine                          {found.engine_mb:8.1f} MB")


if __name__ == "__main__":
    main()
