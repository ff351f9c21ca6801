"""How fast products are written, over how fast the bare towers encode the same."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.parts.bare import BarePictures, BareTexts
from benchmarks.results.intervals import Estimate, median_of, paired_ratio
from exporter.spec import read_manifest
from server.app import build_app
from server.arrays import UInt8Array
from server.commands.temporary import in_folder
from server.ingest.caption import captions
from server.ingest.files import ProductRow, open_catalog
from server.ingest.incoming import IncomingProduct
from server.settings import Settings
from server.signals.affinity import value_texts

THREADS = 2
"""As many as the writer's own."""
PICTURES_A_RUN = 4
TEXTS_A_RUN = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class ToEncode:
    """What the products of a file need encoded: each text and each picture's file once."""

    products: int
    texts: tuple[str, ...]
    pictures: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestRate:
    """Products a second, and the ratios of rounds that took turns.

    Attributes:
        over_encoding: Over files decoded and encoded.
        over_towers: Over the towers alone, with pixels ready.
        written, encoded, towers: Products a second.
        products: How many were written a round.
    """

    over_encoding: Estimate
    over_towers: Estimate
    written: Estimate
    encoded: Estimate
    towers: Estimate
    products: int


def measured(
    catalogue: Path, settings: Settings, *, rounds: int, products: int | None = None
) -> IngestRate:
    """Write the first ``products`` of a file (None: all) and encode them bare, in turn."""
    needed = to_encode(catalogue, products=products)
    bundle = settings.bundle_directory
    texts = BareTexts.open(bundle)
    pictures = BarePictures.open(bundle, read_manifest(bundle))
    written, encoded, towers = [], [], []
    for _ in range(rounds):
        written.append(needed.products / _writing(catalogue, settings, products=products))
        files, alone = _encoding(needed, texts=texts, pictures=pictures)
        encoded.append(needed.products / files)
        towers.append(needed.products / alone)
    return IngestRate(
        over_encoding=paired_ratio(written, encoded),
        over_towers=paired_ratio(written, towers),
        written=median_of(written),
        encoded=median_of(encoded),
        towers=median_of(towers),
        products=needed.products,
    )


def to_encode(catalogue: Path, *, products: int | None = None) -> ToEncode:
    """Read what the first products of a file need encoded; rows that are none need nothing."""
    rows = list(_incoming(catalogue, products=products))
    records = [row.record for row in rows]
    values = dict.fromkeys(text for record in records for text in value_texts(record))
    return ToEncode(
        products=len(rows),
        texts=(*(text for record in records for text in captions(record)), *values),
        pictures=tuple(row.picture for row in rows if row.picture),
    )


def _writing(catalogue: Path, settings: Settings, *, products: int | None) -> float:
    """Seconds from the file to products that are searchable and durable; the start is left out."""
    with (
        TemporaryDirectory(prefix="omnishelf-") as folder,
        build_app(in_folder(settings, Path(folder))) as app,
    ):
        sink = partial(app.writer.stream, "ingest")
        started = time.perf_counter()
        for _ in sink(_incoming(catalogue, products=products)):
            pass
        return time.perf_counter() - started


def _encoding(
    needed: ToEncode, *, texts: BareTexts, pictures: BarePictures | None
) -> tuple[float, float]:
    """Seconds for files and texts to vectors, and of those the seconds with pixels ready."""
    started = time.perf_counter()
    kept = _run(needed, texts=texts, pictures=pictures, decoded=None)
    whole = time.perf_counter() - started
    started = time.perf_counter()
    _run(needed, texts=texts, pictures=pictures, decoded=kept)
    return whole, time.perf_counter() - started


def _run(
    needed: ToEncode,
    *,
    texts: BareTexts,
    pictures: BarePictures | None,
    decoded: Sequence[UInt8Array] | None,
) -> list[UInt8Array]:
    """Encode everything on the threads; the pixels of each run, for another time."""

    def encode_pictures(start: int) -> UInt8Array:
        if pictures is None:
            raise ValueError("there is no tower for pictures")
        files = needed.pictures[start : start + PICTURES_A_RUN]
        place = start // PICTURES_A_RUN
        pixels = decoded[place] if decoded else np.stack([pictures.pixels(each) for each in files])
        pictures.encode(pixels)
        return pixels

    with ThreadPoolExecutor(THREADS) as pool:
        words = [
            pool.submit(tower.encode, batch)
            for tower in {id(each): each for each in (texts.chinese, texts.other)}.values()
            for batch in _batched([each for each in needed.texts if texts.tower(each) is tower])
        ]
        starts = range(0, len(needed.pictures) if pictures else 0, PICTURES_A_RUN)
        seen = [pool.submit(encode_pictures, start) for start in starts]
        for each in words:
            each.result()
        return [each.result() for each in seen]


def _batched(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), TEXTS_A_RUN):
        yield texts[start : start + TEXTS_A_RUN]


def _incoming(catalogue: Path, *, products: int | None) -> Iterator[IncomingProduct]:
    rows = (row for row in open_catalog(catalogue, mapping={}) if isinstance(row, ProductRow))
    for row in islice(rows, products):
        yield IncomingProduct(
            record=row.record, picture=row.picture, picture_field=row.picture_field
        )
