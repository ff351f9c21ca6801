"""The shared shop's judged queries with their candidates, as the served pipeline considers them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.queries import find_shop
from ranker.columns import CandidateColumns, Int32Array, QueryFacts
from server.app import App, build_app
from server.commands.temporary import in_folder
from server.deadline import Deadline
from server.evaluation.judged import JudgedQuery, read_judged
from server.ingest.files import open_catalog
from server.ingest.load_file import load_file
from server.ingest.report import IngestReport
from server.log_setup import configure_logging
from server.query import Query, TextPart
from server.settings import load_settings

CATALOG = "benchmark"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCandidates:
    """One query and its n candidates.

    Attributes:
        key: The same for queries that ask for the same products, such as translations.
        facts, columns: As a ranker gets them.
        products: Ids of the candidates.
        grades: Their grades, int32 (n,), 0 where irrelevant.
        missed: Grades of relevant products that are no candidates.
    """

    key: str
    facts: QueryFacts
    columns: CandidateColumns
    products: tuple[str, ...]
    grades: Int32Array
    missed: tuple[int, ...]


@contextmanager
def indexed_shop(*, bundle: Path | None = None) -> Iterator[tuple[App, list[JudgedQuery]]]:
    """The shared shop (or the sample shop) in an app of its own, and its judged text queries."""
    flags = {"encoder.bundle": bundle, "ranking.enabled": False, "log.level": "error"}
    settings = load_settings(flags=flags)
    configure_logging(settings.log)
    with tempfile.TemporaryDirectory(prefix="omnishelf-") as folder:
        shop = find_shop(Path(folder, "shop"))
        with build_app(in_folder(settings, Path(folder, "data"))) as app:
            file = open_catalog(shop.catalog, mapping={})
            load_file(file, partial(app.writer.stream, CATALOG), report=IngestReport())
            lines = [each for each in read_judged(shop.queries) if isinstance(each, JudgedQuery)]
            yield app, [line for line in lines if line.text and line.picture is None]


def candidates_of(app: App, queries: Sequence[JudgedQuery]) -> list[JudgedCandidates]:
    """Every query's candidates, in order; a query without any candidate is left out."""
    found = [_considered(app, query) for query in queries]
    return [each for each in found if each.products]


def _considered(app: App, query: JudgedQuery) -> JudgedCandidates:
    asked = Query(catalog=CATALOG, parts=(TextPart(text=query.text or ""),))
    considered = app.pipeline.consider(asked, deadline=Deadline.never())
    grades = {product: round(grade) for product, grade in query.grades.items()}
    found = set(considered.ids)
    return JudgedCandidates(
        key=repr(sorted(grades.items())),
        facts=considered.facts,
        columns=considered.columns,
        products=considered.ids,
        grades=np.array([grades.get(each, 0) for each in considered.ids], np.int32),
        missed=tuple(grade for product, grade in grades.items() if product not in found),
    )
