"""A shop's rooms wired with a real store and engine and an encoder that hashes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exporter.spec import ImageTower, Manifest
from server.arrays import Float32Array, UInt8Array
from server.catalog.catalogs import Catalog, Catalogs
from server.catalog.counts import CountsSource, LiveCounts
from server.catalog.following import ChangeFollower
from server.catalog.record import ProductRecord
from server.catalog.store import Store
from server.catalog.tables import RowState
from server.deadline import Deadline
from server.encoders.recorder import RequestRecorder
from server.encoders.shelf import EncoderShelf
from server.ingest.incoming import IncomingProduct
from server.ingest.replication import Replication
from server.ingest.writer import ProductWriter
from server.retrieval.analysis import Analyzer
from server.retrieval.filters.fields import fold
from server.retrieval.protocol import VectorEngine, View, ViewQuery
from server.stages import StageClock

DIMENSION = 16
MANIFEST = Manifest(
    name="hashing",
    version="1",
    dimension=DIMENSION,
    text=(),
    image=ImageTower(file="none", height=8, width=8),
    files={},
)


class HashingEncoder:
    """Equal input gives equal vectors, other input others; ``texts`` and ``pictures`` count."""

    def __init__(self, manifest: Manifest = MANIFEST) -> None:
        self.manifest = manifest
        self.texts: list[str] = []
        self.pictures = 0

    def encode_texts(
        self, texts: Sequence[str], *, deadline: Deadline, clock: StageClock | None = None
    ) -> Float32Array:
        deadline.check("encoding text")
        self.texts.extend(texts)
        return np.stack([hashed(text.encode()) for text in texts])

    def encode_pictures(
        self, pixels: UInt8Array, *, deadline: Deadline, clock: StageClock | None = None
    ) -> Float32Array:
        deadline.check("encoding pictures")
        self.pictures += len(pixels)
        return np.stack([hashed(picture.tobytes()) for picture in pixels])

    def close(self) -> None:
        """Nothing is held."""


def hashed(data: bytes) -> Float32Array:
    """A unit vector that only equal data shares."""
    seed = int.from_bytes(hashlib.blake2b(data, digest_size=8).digest())
    vector = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    unit: Float32Array = vector / np.linalg.norm(vector)
    return unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What a process has open."""

    store: Store
    engine: VectorEngine
    encoder: HashingEncoder
    shelf: EncoderShelf
    catalogs: Catalogs
    writer: ProductWriter
    follower: ChangeFollower

    def catalog(self) -> Catalog:
        return self.catalogs.get("shop")


def open_shop(
    store_url: str,
    engine: VectorEngine,
    *,
    closing: ExitStack,
    manifest: Manifest = MANIFEST,
    recover: bool = True,
    keep_seconds: float = 0.0,
    counts_in: Callable[[Store], CountsSource] | None = None,
) -> Shop:
    """Open what is there as a server does; its follower looks when told to, or once started."""
    encoder = HashingEncoder(manifest)
    store = Store(store_url)
    closing.callback(store.close)
    shelf = EncoderShelf(open_encoder=lambda _: encoder, recorder=RequestRecorder())
    shelf.put(encoder)
    closing.callback(shelf.close_all)
    follower = ChangeFollower(store.changes)
    closing.callback(follower.close)
    counts = LiveCounts(source=counts_in(store), changes=store.changes) if counts_in else None
    catalogs = Catalogs(
        store=store,
        engine=engine,
        shelf=shelf,
        fold=fold,
        keep_seconds=keep_seconds,
        counts=counts,
    )
    closing.callback(catalogs.close)
    writer = ProductWriter(catalogs=catalogs, analyzer=Analyzer({}))
    closing.callback(writer.close)
    replication = Replication(store=store, catalogs=catalogs, turns=writer.turns, counts=counts)
    replication.register(follower)
    if recover:
        writer.open_catalogs()
    else:
        catalogs.load()
    return Shop(
        store=store,
        engine=engine,
        encoder=encoder,
        shelf=shelf,
        catalogs=catalogs,
        writer=writer,
        follower=follower,
    )


def item(
    product_id: str, *, picture: bytes | None = None, field: str = "", **fields: object
) -> IncomingProduct:
    """An incoming product of that id."""
    values = {"id": product_id, "title": f"Product {product_id}", "group_id": product_id, **fields}
    return IncomingProduct(
        record=ProductRecord(**values),  # type: ignore[arg-type]
        picture=picture,
        picture_field=f"{field}image",
        field=field,
    )


def png(shade: int) -> bytes:
    """A small grey picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, shade, shade)).save(buffer, "PNG")
    return buffer.getvalue()


def vectors_path(folder: Path) -> str:
    """Where the embedded engine keeps a shop's vectors."""
    return str(folder / "vectors.db")


def store_path(folder: Path) -> str:
    """Where SQLite keeps a shop's products."""
    return f"sqlite:///{folder / 'products.db'}"


def everywhere(shop: Shop) -> set[str]:
    """Ids of the shop, which the index, the table and the store agree on."""
    catalog = shop.catalog()
    stored = {row.id for chunk in catalog.products.chunks(size=100) for row in chunk}
    assert catalog.index.ids() == stored
    assert catalog.table.ids() == stored
    assert catalog.products.unfinished(RowState.PENDING, limit=1) == []
    assert catalog.products.unfinished(RowState.DELETING, limit=1) == []
    return stored


def found(shop: Shop, view: View, data: bytes) -> str:
    """The product whose vector is that of the data."""
    hits = shop.catalog().index.search(
        ViewQuery(view=view, vector=hashed(data)), limit=1, deadline=Deadline.never()
    )
    assert hits.similarities[0] == pytest.approx(1.0, abs=1e-3)
    return hits.ids[0]
