"""The shops a ranker learns from: catalogue files with, at times, judged queries of their own."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from server.catalog.record import ProductRecord
from server.errors import InvalidRequest, Violation
from server.evaluation.judged import JudgedQuery, read_judged
from server.ingest.files import CatalogFile, ProductRow, open_catalog
from server.ingest.load_file import load_file
from server.ingest.report import IngestReport
from server.ingest.writer import ProductWriter
from server.training.lessons import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A catalogue that was indexed under ``catalog``, with its records and pictures by id."""

    catalog: str
    records: tuple[ProductRecord, ...]
    pictures: dict[str, bytes]
    judged: tuple[JudgedQuery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopFiles:
    """Where a shop comes from: ``CATALOG[,QUERIES[,SPLIT]]`` on the command line."""

    catalogue: Path
    queries: Path | None = None
    split: str | None = None

    @classmethod
    def parse(cls, text: str) -> ShopFiles:
        """Read one argument of the command line.

        Example:
            >>> ShopFiles.parse("shop.jsonl,photos.jsonl,train").split
            'train'
        """
        names = text.split(",")
        if not names[0] or len(names) > 3:  # noqa: PLR2004 - the three parts named above
            violation = Violation(
                field="SHOP",
                reason="SHOP_MALFORMED",
                description=f"{text!r} is not CATALOG[,QUERIES[,SPLIT]]; separate files by commas",
            )
            raise InvalidRequest([violation])
        queries = Path(names[1]) if len(names) > 1 else None
        return cls(
            catalogue=Path(names[0]),
            queries=queries,
            split=names[2] if len(names) > 2 else None,  # noqa: PLR2004 - the third part
        )


def index_shop(
    files: ShopFiles,
    *,
    catalog: str,
    writer: ProductWriter,
    progress: Callable[[int], None] = lambda _: None,
) -> Shop:
    """Index the catalogue as ``catalog`` and keep what questions are made from.

    Raises:
        InvalidRequest: A file is not there, or not a catalogue.
    """
    file = open_catalog(files.catalogue, mapping={})
    written = load_file(
        file, partial(writer.stream, catalog), report=IngestReport(), progress=progress
    )
    rows = [row for row in _rows(file) if row.record.id in written]
    judged = read_judged(files.queries, split=files.split) if files.queries else ()
    return Shop(
        catalog=catalog,
        records=tuple(row.record for row in rows),
        pictures={row.record.id: row.picture for row in rows if row.picture is not None},
        judged=tuple(each for each in judged if isinstance(each, JudgedQuery)),
    )


def judged_questions(shop: Shop, *, count: int, seed: int) -> list[Question]:
    """So many of the shop's own judged queries, drawn at random; grades scaled to 0..1."""
    rng = random.Random(seed)  # noqa: S311 - reproducible data, not secrets
    drawn = rng.sample(shop.judged, min(count, len(shop.judged)))
    return [
        Question(
            parts=query.parts(),
            relevance={
                product: grade / max(query.grades.values())
                for product, grade in query.grades.items()
            },
            key=query.text or f"line {query.line}",
        )
        for query in drawn
    ]


def _rows(file: CatalogFile) -> list[ProductRow]:
    return [row for row in file if isinstance(row, ProductRow)]
