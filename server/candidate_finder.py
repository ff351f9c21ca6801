"""Finds the candidates of a query: decode, encode, retrieve, signals."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ranker.columns import CandidateColumns, QueryFacts
from server.arrays import Float32Array, Int32Array
from server.catalog.catalogs import Catalogs
from server.completed import completed
from server.deadline import Deadline
from server.leased import Leased
from server.pinned import Matches, RuleSource, cut, fired, one_of, with_pinned
from server.pipeline_options import PipelineOptions
from server.query import PicturePart, Query
from server.query_facts import QueryWords, query_facts, query_words
from server.query_vector import decode_pictures, encode_parts
from server.retrieval.analysis import Analyzer
from server.retrieval.filters.tree import And, Filter
from server.retrieval.merge import merge, retrieval_order
from server.retrieval.protocol import View, ViewHits, ViewQuery
from server.retrieval.views import search_views
from server.rules.apply import FiredRules
from server.shopper_facts import Persons, shopper_facts
from server.stages import StageClock, StageObserver


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """What ranking works on: n candidates in retrieval order, as ids, table rows and columns.

    ``text`` are the words asked for; ``rules`` are those that fire, None where none does.
    """

    facts: QueryFacts
    text: str
    ids: tuple[str, ...]
    rows: Int32Array
    columns: CandidateColumns
    rules: FiredRules | None = None


class CandidateFinder:
    """Finds candidates over the catalogs. Any thread may ask at any time."""

    def __init__(
        self,
        *,
        catalogs: Catalogs,
        analyzer: Analyzer,
        persons: Persons,
        rules: RuleSource,
        options: PipelineOptions,
        observer: StageObserver,
    ) -> None:
        self._catalogs = catalogs
        self._analyzer = analyzer
        self._persons = persons
        self._rules = rules
        self._options = options
        self._observer = observer

    @contextmanager
    def leased(self, catalog: str, *, deadline: Deadline) -> Iterator[Leased]:
        """All that one request needs; nothing of it is closed in the block.

        Raises:
            NotFound, FailedPrecondition: as `Catalogs.get`.
        """
        with self._catalogs.serving(catalog) as (found, encoder):
            yield Leased(
                catalog=found,
                encoder=encoder,
                reader=found.table.reader(),
                clock=StageClock(self._observer),
                deadline=deadline,
            )

    def find(self, query: Query, leased: Leased, *, ruled: bool) -> Considered:
        """The candidates; ``ruled`` with the rules that fire and the products that they pin.

        Raises:
            InvalidRequest, Unavailable, DeadlineExceeded: as `Pipeline.search`.
        """
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
            now_seconds = time.time()
            rules = None
            if ruled:
                rules = fired(self._rules, query, leased, words=words.text, now_seconds=now_seconds)
            if rules is not None and rules.pinned:
                matches = self._matcher(leased, vector)
                hits = with_pinned(hits, query, leased, rules=rules, matches=matches)
        with clock.stage("signals"):
            person = shopper_facts(self._persons, query, leased, now_seconds=now_seconds)
            facts = query_facts(query, words, person=person)
            merged = completed(merge(hits, rows_of=reader.rows), query.views, reader, vector)
            order, score = retrieval_order(
                merged.text_similarity,
                merged.image_similarity,
                merged.lexical_score,
                image_share=self._image_share(query),
                lexical_weight=self._options.lexical_weight,
            )
            order = cut(order, merged.ids, limit=self._limit(query), rules=rules)
            columns = reader.gather(
                merged, order=order, score=score, query_vector=vector, now_seconds=now_seconds
            )
            if View.TEXT not in query.views:
                columns = columns.without_words()
        return Considered(
            facts=facts,
            text=words.text,
            ids=tuple([merged.ids[place] for place in order.tolist()]),
            rows=merged.rows[order],
            columns=columns,
            rules=rules,
        )

    def _retrieve(
        self, query: Query, leased: Leased, vector: Float32Array, words: QueryWords
    ) -> list[ViewHits]:
        asked = [
            ViewQuery(view=view, vector=vector)
            for view in (View.TEXT, View.IMAGE)
            if view in query.views
        ]
        if View.LEXICAL in query.views and words.weights:
            asked.append(ViewQuery(view=View.LEXICAL, words=words.weights))
        return search_views(
            leased.catalog.index,
            asked,
            limit=self._limit(query),
            filter_tree=query.filter_tree,
            clock=leased.clock,
            deadline=self._options.budgets.for_retrieval(leased.deadline),
        )

    def _matcher(self, leased: Leased, vector: Float32Array) -> Matches:
        def matches(ids: Sequence[str], tree: Filter) -> set[str]:
            found = search_views(
                leased.catalog.index,
                [ViewQuery(view=view, vector=vector) for view in (View.TEXT, View.IMAGE)],
                limit=len(ids),
                filter_tree=And(terms=(one_of(ids), tree)),
                clock=leased.clock,
                deadline=self._options.budgets.for_retrieval(leased.deadline),
            )
            return {each for hits in found for each in hits.ids}

        return matches

    def _limit(self, query: Query) -> int:
        return query.candidates or self._options.candidates

    def _image_share(self, query: Query) -> float:
        if query.image_share is not None:
            return query.image_share
        if any(isinstance(part, PicturePart) for part in query.parts):
            return self._options.image_share_picture_query
        return self._options.image_share_text_query
