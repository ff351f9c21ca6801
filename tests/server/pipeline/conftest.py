"""The pipeline over a real store and the exact engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ranker.baseline import Rules
from ranker.protocol import Ranker
from server.pipeline import Pipeline, PipelineOptions
from server.retrieval.analysis import Analyzer
from server.retrieval.exact import ExactEngine
from server.retrieval.views import ViewSearcher
from tests.server.ingest.shop_parts import Shop, open_shop, store_path
from tests.server.pipeline.parts import PRODUCTS, Silent


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def shop(tmp_path: Path, closing: ExitStack) -> Shop:
    opened = open_shop(store_path(tmp_path), ExactEngine(), closing=closing)
    opened.writer.write("shop", PRODUCTS)
    return opened


Make = Callable[..., Pipeline]


@pytest.fixture
def make(shop: Shop, closing: ExitStack) -> Make:
    def made(ranker: Ranker | None = None, **options: object) -> Pipeline:
        searcher = ViewSearcher(threads=2)
        closing.callback(searcher.close)
        return Pipeline(
            catalogs=shop.catalogs,
            analyzer=Analyzer({}),
            searcher=searcher,
            ranker=ranker or Rules(),
            options=PipelineOptions(**options),  # type: ignore[arg-type]
            observer=Silent(),
        )

    return made
