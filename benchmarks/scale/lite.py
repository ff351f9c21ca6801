"""milvus-lite, the embedded engine, at many sizes: a file and a process for each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil
from pymilvus import MilvusClient

from benchmarks.scale.collection import (
    IndexKind,
    collection_name,
    create,
    fill,
    index,
    load,
    searching,
)
from benchmarks.scale.opened import OpenIndex
from benchmarks.scale.vectors import ShopVectors
from server.retrieval.embedded_engine import EmbeddedEngine

# Its time grows with the square of the rows: 4,096 take nine seconds, and 8,192 are never answered.
_ROWS_A_CALL = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteEngine:
    """The embedded engine with one kind of index."""

    name: str
    kind: IndexKind

    @property
    def about(self) -> str:
        """Version and parameters."""
        return f"milvus-lite {version('milvus-lite')}, {self.kind.about}"

    @contextmanager
    def session(self, folder: Path) -> Iterator[LiteSession]:
        """Processes start with the files they serve, and end with the block."""
        with ExitStack() as closing:
            yield LiteSession(folder, kind=self.kind, closing=closing)


class LiteSession:
    """Index files of one kind."""

    def __init__(self, folder: Path, *, kind: IndexKind, closing: ExitStack) -> None:
        self._folder = folder
        self._kind = kind
        self._closing = closing

    def build(self, shop: ShopVectors) -> None:
        """A fresh file."""
        file = self._file(shop.products)
        shutil.rmtree(file.parent, ignore_errors=True)
        file.parent.mkdir(parents=True)
        with ExitStack() as closing:
            engine = _started(file, closing)
            client = _connected(engine, closing)
            name = create(client, shop)
            index(client, name, self._kind)
            fill(engine.address, name, shop, rows_a_call=_ROWS_A_CALL)
            client.flush(name)

    def open(self, products: int) -> OpenIndex:
        """A process of its own."""
        engine = _started(self._file(products), self._closing)
        client = _connected(engine, self._closing)
        name = collection_name(products)
        load(client, name)
        return OpenIndex(search=searching(client, name, self._kind), memory_mb=_resident_mb(engine))

    def _file(self, products: int) -> Path:
        return self._folder / str(products) / "vectors.db"


def _started(file: Path, closing: ExitStack) -> EmbeddedEngine:
    engine = EmbeddedEngine(file)
    closing.callback(engine.close)
    return engine


def _connected(engine: EmbeddedEngine, closing: ExitStack) -> MilvusClient:
    client = MilvusClient(uri=engine.address)
    closing.callback(client.close)
    return client


def _resident_mb(engine: EmbeddedEngine) -> float:
    """Memory of the process that serves the engine's file."""
    return sum(
        child.memory_info().rss / 1e6
        for child in psutil.Process().children()
        if str(engine.path) in child.cmdline()
    )
