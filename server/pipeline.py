"""One request through the house: decode, encode, retrieve, signals, features, rank, diversify."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from exporter.spec import Manifest
from ranker.baseline import RetrievalOrder
from ranker.columns import CandidateColumns, QueryFacts
from ranker.diversify import mmr
from ranker.errors import RankingError
from ranker.protocol import Ranker
from server.arrays import Float32Array, Int32Array, UInt8Array
from server.catalog.catalogs import Catalog, Catalogs
from server.deadline import Deadline
from server.degrade import Budgets
from server.encoders.fuse import fuse
from server.encoders.image import PictureError, prepare_picture
from server.encoders.protocol import Encoder
from server.errors import InvalidRequest, NotFound, Violation
from server.query import (
    PicturePart,
    ProductPart,
    Query,
    RankedHit,
    RankingMode,
    SearchResult,
    TextPart,
    VectorPart,
)
from server.query_facts import QueryWords, query_facts, query_words
from server.retrieval.analysis import Analyzer
from server.retrieval.merge import MergedCandidates, merge, retrieval_order
from server.retrieval.protocol import View, ViewHits, ViewQuery
from server.retrieval.views import ViewSearcher
from server.stages import StageClock, StageObserver


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineOptions:
    """What the server decides where the caller does not.

    ``image_share_text_query`` and ``image_share_picture_query`` are ``a`` in F = aI + (1 - a)T for
    queries without and with a picture; ``lexical_weight`` is what the best word match adds to a
    cosine; ``candidates`` are asked of each view and kept after merging; ``variety`` is the
    strength of maximal marginal relevance.
    """

    candidates: int = 200
    image_share_text_query: float = 0.2
    image_share_picture_query: float = 0.6
    lexical_weight: float = 0.1
    variety: float = 0.0
    budgets: Budgets = field(default_factory=Budgets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """What ranking works on: the columns of the merged candidates, and what they came from."""

    query: QueryFacts
    merged: MergedCandidates
    columns: CandidateColumns


class Pipeline:
    """Answers queries over the catalogs. Any thread may search at any time."""

    def __init__(
        self,
        *,
        encoder: Encoder,
        catalogs: Catalogs,
        analyzer: Analyzer,
        searcher: ViewSearcher,
        ranker: Ranker,
        options: PipelineOptions,
        observer: StageObserver,
    ) -> None:
        self._encoder = encoder
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
            Unavailable: No encoder, or no view of the index, answers.
            DeadlineExceeded: The deadline passed before candidates were found.
        """
        clock = StageClock(self._observer)
        catalog = self._catalogs.get(query.catalog)
        considered = self._consider(query, catalog, clock=clock, deadline=deadline)
        scores, ranker, matrix = self._rank(query, considered, clock=clock, deadline=deadline)
        with clock.stage("diversify"):
            order = self._order(query, considered.columns, scores, clock=clock, deadline=deadline)
            facets = tuple(
                catalog.table.facet_counts(considered.merged.rows, each.field, limit=each.limit)
                for each in query.facets
            )
            contributions = ranker.contributions(matrix) if query.explain else {}
            hits = _hits(considered.merged, scores, order, contributions)
        return SearchResult(
            search_id=uuid.uuid4().hex,
            hits=hits,
            facets=facets,
            stage_seconds=clock.seconds,
            fallbacks=tuple(clock.fallbacks),
            encoder_bundle=self._encoder.manifest.id,
            index=catalog.index.name,
            ranker=ranker.id,
        )

    def consider(self, query: Query, *, deadline: Deadline) -> Considered:
        """The candidates of a query with their columns, before any ranker sees them.

        Training reads its rows here, so that what is trained is what is served.
        """
        catalog = self._catalogs.get(query.catalog)
        clock = StageClock(self._observer)
        return self._consider(query, catalog, clock=clock, deadline=deadline)

    def _consider(
        self, query: Query, catalog: Catalog, *, clock: StageClock, deadline: Deadline
    ) -> Considered:
        with clock.stage("decode"):
            pixels = _decode(query, self._encoder.manifest)
        with clock.stage("encode"):
            vector = self._encode(query, catalog, pixels, deadline=deadline)
            words = query_words(query, self._analyzer, catalog.table)
        with clock.stage("retrieve"):
            hits = self._retrieve(query, catalog, vector, words, clock=clock, deadline=deadline)
        with clock.stage("signals"):
            merged = self._merge(query, catalog, vector, hits)
            columns = catalog.table.gather(merged, query_vector=vector)
        facts = query_facts(query, words)
        return Considered(query=facts, merged=merged, columns=columns)

    def _encode(
        self,
        query: Query,
        catalog: Catalog,
        pixels: UInt8Array | None,
        *,
        deadline: Deadline,
    ) -> Float32Array:
        """The fused unit vector of all parts, towers run once for each modality."""
        vectors = np.empty((len(query.parts), self._encoder.manifest.dimension), np.float32)
        texts = _places(query, TextPart)
        if texts:
            words = [part.text for part in query.parts if isinstance(part, TextPart)]
            vectors[texts] = self._encoder.encode_texts(words, deadline=deadline)
        if pixels is not None:
            pictures = _places(query, PicturePart)
            vectors[pictures] = self._encoder.encode_pictures(pixels, deadline=deadline)
        for place, part in enumerate(query.parts):
            if isinstance(part, VectorPart):
                vectors[place] = part.vector / np.linalg.norm(part.vector)
            elif isinstance(part, ProductPart):
                vectors[place] = _example(catalog, part)
        weights = np.array([part.weight for part in query.parts], np.float32)
        return fuse(vectors, weights)

    def _retrieve(
        self,
        query: Query,
        catalog: Catalog,
        vector: Float32Array,
        words: QueryWords,
        *,
        clock: StageClock,
        deadline: Deadline,
    ) -> Sequence[ViewHits]:
        asked = [
            ViewQuery(view=view, vector=vector)
            for view in (View.TEXT, View.IMAGE)
            if view in query.views
        ]
        if View.LEXICAL in query.views and words.weights:
            asked.append(ViewQuery(view=View.LEXICAL, words=words.weights))
        return self._searcher.search(
            catalog.index,
            asked,
            limit=query.candidates or self._options.candidates,
            filter_tree=query.filter_tree,
            clock=clock,
            deadline=self._options.budgets.for_retrieval(deadline),
        )

    def _merge(
        self, query: Query, catalog: Catalog, vector: Float32Array, hits: Sequence[ViewHits]
    ) -> MergedCandidates:
        """Union of the views in retrieval order, similarities completed from the table."""
        merged = merge(hits, rows_of=catalog.table.rows)
        text, image = catalog.table.fill_similarities(
            merged.rows,
            vector,
            text_similarity=merged.text_similarity if View.TEXT in query.views else None,
            image_similarity=merged.image_similarity if View.IMAGE in query.views else None,
        )
        order, score = retrieval_order(
            text,
            image,
            merged.lexical_score,
            image_share=self._image_share(query),
            lexical_weight=self._options.lexical_weight,
        )
        kept = order[: query.candidates or self._options.candidates]
        return merged.completed(text, image, score).take(kept)

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
            matrix = ranker.features(considered.query, considered.columns)
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
        strength = self._options.variety if query.variety is None else query.variety
        if strength > 0 and not self._options.budgets.allows_diversifying(deadline):
            clock.fall_back("diversify", used="score_order", reason="DEADLINE")
            strength = 0.0
        return mmr(
            scores,
            columns.vectors,
            strength=strength,
            limit=len(scores),
            groups=columns.group if query.collapse_limit else None,
            group_limit=query.collapse_limit,
        )


def _decode(query: Query, manifest: Manifest) -> UInt8Array | None:
    """Pixels (k, h, w, 3) of the query's pictures, None without any; every bad one is named."""
    pictures = [part for part in query.parts if isinstance(part, PicturePart)]
    if not pictures or manifest.image is None:
        return None
    pixels, violations = [], []
    for part in pictures:
        try:
            pixels.append(prepare_picture(part.data, manifest.image))
        except PictureError as error:
            violations.append(
                Violation(field=part.field, reason=error.reason, description=str(error))
            )
    if violations:
        raise InvalidRequest(violations)
    return np.stack(pixels)


def _places(query: Query, kind: type[TextPart | PicturePart]) -> list[int]:
    return [place for place, part in enumerate(query.parts) if isinstance(part, kind)]


def _example(catalog: Catalog, part: ProductPart) -> Float32Array:
    try:
        return catalog.table.stored_vector(part.product_id)
    except NotFound as error:
        raise InvalidRequest(
            [Violation(field=part.field, reason="PRODUCT_NOT_FOUND", description=error.message)]
        ) from error


def _hits(
    merged: MergedCandidates,
    scores: Float32Array,
    order: Int32Array,
    contributions: dict[str, Float32Array],
) -> tuple[RankedHit, ...]:
    return tuple(
        RankedHit(
            product_id=merged.ids[place],
            score=float(scores[place]),
            text_similarity=float(merged.text_similarity[place]),
            image_similarity=float(merged.image_similarity[place]),
            lexical_score=float(merged.lexical_score[place]),
            contributions={name: float(part[place]) for name, part in contributions.items()},
        )
        for place in order
    )
