"""One request through the house: decode, encode, retrieve, signals, features, rank, diversify."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from ranker.baseline import RetrievalOrder
from ranker.columns import CandidateColumns, QueryFacts
from ranker.diversify import mmr
from ranker.errors import RankingError
from ranker.protocol import Ranker
from server.arrays import Float32Array, Int32Array
from server.catalog.catalogs import Catalog, Catalogs
from server.completed import completed
from server.deadline import Deadline
from server.degrade import Budgets
from server.encoders.protocol import Encoder
from server.hits import RankedHits
from server.query import (
    FacetCounts,
    FacetRequest,
    PicturePart,
    Query,
    RankingMode,
    SearchResult,
)
from server.query_facts import QueryWords, query_facts, query_words
from server.query_vector import decode_pictures, encode_parts
from server.retrieval.analysis import Analyzer
from server.retrieval.merge import merge, retrieval_order
from server.retrieval.protocol import View, ViewHits, ViewQuery
from server.retrieval.views import ViewSearcher
from server.signals.reader import TableReader
from server.stages import StageClock, StageObserver


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineOptions:
    """What the server decides where the caller does not.

    ``image_share_text_query`` and ``image_share_picture_query`` are ``a`` in F = aI + (1 - a)T for
    queries without and with a picture; ``lexical_weight`` is what the best word match adds to a
    cosine; ``candidates`` are asked of each view and kept after merging; ``variety`` is the
    strength of maximal marginal relevance when the model orders, over the first
    ``varied_places``: nobody compares what stands further down.
    """

    candidates: int = 200
    image_share_text_query: float = 0.2
    image_share_picture_query: float = 0.6
    lexical_weight: float = 0.1
    variety: float = 0.1
    varied_places: int = 20
    budgets: Budgets = field(default_factory=Budgets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """What ranking works on: n candidates in retrieval order, as ids and as columns."""

    facts: QueryFacts
    ids: tuple[str, ...]
    rows: Int32Array
    columns: CandidateColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leased:
    """What one request has for itself to its end: a catalog, its bundle's encoder, a clock."""

    catalog: Catalog
    encoder: Encoder
    reader: TableReader
    clock: StageClock
    deadline: Deadline


class Pipeline:
    """Answers queries over the catalogs. Any thread may search at any time."""

    def __init__(
        self,
        *,
        catalogs: Catalogs,
        analyzer: Analyzer,
        searcher: ViewSearcher,
        ranker: Ranker,
        options: PipelineOptions,
        observer: StageObserver,
    ) -> None:
        self._catalogs = catalogs
        self._analyzer = analyzer
        self._searcher = searcher
        self._ranker = ranker
        self._options = options
        self._observer = observer

    def search(self, query: Query, *, deadline: Deadline) -> SearchResult:
        """Rank the products of the query's catalog.

        Raises:
            InvalidRequest: A picture does not decode, an example is not in the catalog, or the
                parts cancel out.
            NotFound: There is no such catalog.
            FailedPrecondition: The catalog is of a bundle that is not open.
            Unavailable: No encoder, or no view of the index, answers.
            DeadlineExceeded: The deadline passed before candidates were found.
        """
        with self._leased(query, deadline) as leased:
            return self._search(query, leased)

    def consider(self, query: Query, *, deadline: Deadline) -> Considered:
        """The candidates of a query with their columns, before any ranker sees them.

        Training reads its rows here, so that what is trained is what is served.
        """
        with self._leased(query, deadline) as leased:
            return self._consider(query, leased)

    @contextmanager
    def _leased(self, query: Query, deadline: Deadline) -> Iterator[_Leased]:
        with self._catalogs.serving(query.catalog) as (catalog, encoder):
            yield _Leased(
                catalog=catalog,
                encoder=encoder,
                reader=catalog.table.reader(),
                clock=StageClock(self._observer),
                deadline=deadline,
            )

    def _search(self, query: Query, leased: _Leased) -> SearchResult:
        catalog, reader = leased.catalog, leased.reader
        clock, deadline = leased.clock, leased.deadline
        considered = self._consider(query, leased)
        scores, ranker, matrix = self._rank(query, considered, clock=clock, deadline=deadline)
        with clock.stage("diversify"):
            order = self._order(query, considered.columns, scores, clock=clock, deadline=deadline)
            contributions = ranker.contributions(matrix) if query.explain else {}
            hits = _hits(considered, scores, order, contributions)
            facets = tuple(_facet(reader, considered.rows, each) for each in query.facets)
        return SearchResult(
            search_id=uuid.uuid4().hex,
            hits=hits,
            facets=facets,
            stage_seconds=clock.seconds,
            fallbacks=tuple(clock.fallbacks),
            encoder_bundle=catalog.bundle_id,
            index=catalog.index.name,
            ranker=ranker.id,
        )

    def _consider(self, query: Query, leased: _Leased) -> Considered:
        encoder, reader, clock = leased.encoder, leased.reader, leased.clock
        with clock.stage("decode"):
            pixels = decode_pictures(query.parts, encoder.manifest)
        with clock.stage("encode"):
            vector = encode_parts(
                query.parts,
                pixels,
                encoder=encoder,
                reader=reader,
                deadline=leased.deadline,
                clock=clock,
            )
            words = query_words(query, self._analyzer, reader)
        with clock.stage("retrieve"):
            hits = self._retrieve(query, leased, vector, words)
        with clock.stage("signals"):
            merged = completed(merge(hits, rows_of=reader.rows), query.views, reader, vector)
            order, score = retrieval_order(
                merged.text_similarity,
                merged.image_similarity,
                merged.lexical_score,
                image_share=self._image_share(query),
                lexical_weight=self._options.lexical_weight,
            )
            order = order[: query.candidates or self._options.candidates]
            columns = reader.gather(
                merged, order=order, score=score, query_vector=vector, now_seconds=time.time()
            )
            if View.TEXT not in query.views:
                columns = columns.without_words()
        return Considered(
            facts=query_facts(query, words),
            ids=tuple([merged.ids[place] for place in order.tolist()]),
            rows=merged.rows[order],
            columns=columns,
        )

    def _retrieve(
        self, query: Query, leased: _Leased, vector: Float32Array, words: QueryWords
    ) -> Sequence[ViewHits]:
        asked = [
            ViewQuery(view=view, vector=vector)
            for view in (View.TEXT, View.IMAGE)
            if view in query.views
        ]
        if View.LEXICAL in query.views and words.weights:
            asked.append(ViewQuery(view=View.LEXICAL, words=words.weights))
        return self._searcher.search(
            leased.catalog.index,
            asked,
            limit=query.candidates or self._options.candidates,
            filter_tree=query.filter_tree,
            clock=leased.clock,
            deadline=self._options.budgets.for_retrieval(leased.deadline),
        )

    def _image_share(self, query: Query) -> float:
        if query.image_share is not None:
            return query.image_share
        if any(isinstance(part, PicturePart) for part in query.parts):
            return self._options.image_share_picture_query
        return self._options.image_share_text_query

    def _rank(
        self, query: Query, considered: Considered, *, clock: StageClock, deadline: Deadline
    ) -> tuple[Float32Array, Ranker, Float32Array]:
        """Scores, whoever gave them, and the matrix they were given for."""
        ranker: Ranker = RetrievalOrder()
        if query.mode is RankingMode.MODEL:
            if not self._options.budgets.allows_ranking(deadline):
                clock.fall_back("rank", used="retrieval_order", reason="DEADLINE")
            else:
                try:
                    return self._score(self._ranker, considered, clock=clock)
                except RankingError as error:
                    clock.fall_back("rank", used="retrieval_order", reason=error.reason)
        return self._score(ranker, considered, clock=clock)

    def _score(
        self, ranker: Ranker, considered: Considered, *, clock: StageClock
    ) -> tuple[Float32Array, Ranker, Float32Array]:
        with clock.stage("features"):
            matrix = ranker.features(considered.facts, considered.columns)
        with clock.stage("rank"):
            return ranker.score(matrix), ranker, matrix

    def _order(
        self,
        query: Query,
        columns: CandidateColumns,
        scores: Float32Array,
        *,
        clock: StageClock,
        deadline: Deadline,
    ) -> Int32Array:
        strength = query.variety
        if strength is None:
            strength = self._options.variety if query.mode is RankingMode.MODEL else 0.0
        if strength > 0 and not self._options.budgets.allows_diversifying(deadline):
            clock.fall_back("diversify", used="score_order", reason="DEADLINE")
            strength = 0.0
        return mmr(
            scores,
            columns.vectors,
            strength=strength,
            limit=min(len(scores), self._options.varied_places),
            groups=columns.group if query.collapse_limit else None,
            group_limit=query.collapse_limit,
        )


def _facet(reader: TableReader, rows: Int32Array, asked: FacetRequest) -> FacetCounts:
    counts = reader.facets(rows, field=asked.field, limit=asked.limit)
    return FacetCounts(field=asked.field, counts=counts)


def _hits(
    considered: Considered,
    scores: Float32Array,
    order: Int32Array,
    contributions: dict[str, Float32Array],
) -> RankedHits:
    columns = considered.columns
    numbers = (
        scores,
        columns.text_similarity,
        columns.image_similarity,
        columns.lexical_score,
    )
    parts = [part[order] for part in contributions.values()]
    return RankedHits(
        [considered.ids[place] for place in order.tolist()],
        np.stack(numbers, axis=1)[order],
        families=tuple(contributions),
        parts=np.stack(parts, axis=1) if parts else None,
    )
