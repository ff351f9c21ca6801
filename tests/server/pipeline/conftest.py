"""The pipeline over a real store and the exact engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ranker.baseline import Rules
from ranker.protocol import Ranker
from server.candidate_finder import CandidateFinder
from server.explaining import Explainer
from server.feedback.search_record import SearchRecord
from server.pinned import NoRules, RuleSource
from server.pipeline import Pipeline
from server.pipeline_options import PipelineOptions
from server.rankers.served import FixedRanker
from server.ranking_stage import RankingStage
from server.recording import RecordingOptions, SearchRecorder
from server.retrieval.analysis import Analyzer
from server.retrieval.exact import ExactEngine
from server.shopper_facts import NoPersons, Persons
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


@dataclass(kw_only=True)
class Rooms:
    """What a pipeline under test asks of other rooms, and what it noted."""

    persons: Persons = field(default_factory=NoPersons)
    rules: RuleSource = field(default_factory=NoRules)
    recording: RecordingOptions = field(default_factory=RecordingOptions)
    noted: list[SearchRecord] = field(default_factory=list)

    def note(self, record: SearchRecord) -> None:
        """Keep what the pipeline records."""
        self.noted.append(record)


@pytest.fixture
def rooms() -> Rooms:
    return Rooms()


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A pipeline and an explainer over the same parts."""

    pipeline: Pipeline
    explainer: Explainer


@pytest.fixture
def make_parts(shop: Shop, rooms: Rooms) -> Callable[..., Parts]:
    def made(ranker: Ranker | None = None, **options: object) -> Parts:
        chosen = PipelineOptions(**options)  # type: ignore[arg-type]
        finder = CandidateFinder(
            catalogs=shop.catalogs,
            analyzer=Analyzer({}),
            persons=rooms.persons,
            rules=rooms.rules,
            options=chosen,
            observer=Silent(),
        )
        ranking = RankingStage(FixedRanker(current=ranker or Rules()), options=chosen)
        recorder = SearchRecorder(rooms, options=rooms.recording)
        return Parts(
            pipeline=Pipeline(finder=finder, ranking=ranking, recorder=recorder, options=chosen),
            explainer=Explainer(finder=finder, ranking=ranking),
        )

    return made


Make = Callable[..., Pipeline]


@pytest.fixture
def make(make_parts: Callable[..., Parts]) -> Make:
    return lambda ranker=None, **options: make_parts(ranker, **options).pipeline
