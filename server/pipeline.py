"""One request through the house: find candidates, rank, order, and keep what was answered."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ranker.errors import RankingError
from server.arrays import Float32Array, Int32Array
from server.candidate_finder import CandidateFinder, Considered
from server.deadline import Deadline
from server.hits import FiredRule, RankedHits
from server.leased import Leased
from server.pipeline_options import PipelineOptions
from server.position_swap import swapped
from server.query import FacetCounts, FacetRequest, Query, RankingMode, SearchResult
from server.ranking_stage import Ranked, RankingStage
from server.recording import Answered, SearchRecorder
from server.signal_changes import with_changes
from server.signals.reader import TableReader
from server.stages import StageClock


class Pipeline:
    """Answers queries over the catalogs. Any thread may search at any time."""

    def __init__(
        self,
        *,
        finder: CandidateFinder,
        ranking: RankingStage,
        recorder: SearchRecorder,
        options: PipelineOptions,
    ) -> None:
        self._finder = finder
        self._ranking = ranking
        self._recorder = recorder
        self._options = options

    def search(self, query: Query, *, deadline: Deadline) -> SearchResult:
        """Rank the products of the query's catalog.

        Raises:
            InvalidRequest: A picture does not decode, an example is not in the catalog, the parts
                cancel out, or the ranker has no feature of a name that is overruled.
            NotFound: There is no such catalog.
            FailedPrecondition: The catalog is of a bundle that is not open.
            Unavailable: No encoder, or no view of the index, answers.
            DeadlineExceeded: The deadline passed before candidates were found.
        """
        with self._finder.leased(query.catalog, deadline=deadline) as leased:
            return self._search(query, leased)

    def consider(self, query: Query, *, deadline: Deadline) -> Considered:
        """The candidates of a query with their columns, before any ranker or rule sees them.

        Training reads its rows here, so that what is trained is what is served.
        """
        with self._finder.leased(query.catalog, deadline=deadline) as leased:
            return self._finder.find(query, leased, ruled=False)

    def _search(self, query: Query, leased: Leased) -> SearchResult:
        clock, deadline, search_id = leased.clock, leased.deadline, uuid.uuid4().hex
        considered = changed(self._finder.find(query, leased, ruled=True), query)
        ranked = self._ranking.ranked(
            query,
            considered,
            ranker=self._ranking.taken(query),
            reader=leased.reader,
            clock=clock,
            deadline=deadline,
        )
        with clock.stage("diversify"):
            order = self._ranking.ordered(
                query, considered.columns, ranked, clock=clock, deadline=deadline
            )
            share = self._swap_share(query, ranked)
            order, places = swapped(order, search_id, share=share, fixed=ranked.pinned)
            hits = _hits(query, considered, ranked, order, clock)
            facets = tuple(_facet(leased.reader, considered.rows, each) for each in query.facets)
        self._recorder.note(
            Answered(
                search_id=search_id,
                query=query,
                considered=considered,
                ranked=ranked,
                order=order,
                swapped=places,
                encoder_bundle=leased.catalog.bundle_id,
            )
        )
        return SearchResult(
            search_id=search_id,
            hits=hits,
            facets=facets,
            stage_seconds=clock.seconds,
            fallbacks=tuple(clock.fallbacks),
            encoder_bundle=leased.catalog.bundle_id,
            index=leased.catalog.index.name,
            ranker=ranked.ranker.id,
        )

    def _swap_share(self, query: Query, ranked: Ranked) -> float:
        """Only what the model ordered for shoppers is swapped: who asks why sees the true order."""
        share = self._options.swap_share
        asked = query.mode is RankingMode.MODEL and not query.explain and not query.is_trial
        return share if share and asked and ranked.by_schema else 0.0


def changed(considered: Considered, query: Query) -> Considered:
    """The candidates with the signal changes of the query made."""
    if not query.signal_changes:
        return considered
    columns = with_changes(considered.columns, considered.ids, query.signal_changes)
    return replace(considered, columns=columns)


def fired_rules(ranked: Ranked, candidate: int) -> tuple[FiredRule, ...]:
    """The rules that had a say in where a candidate stands."""
    if ranked.adjusted is None:
        return ()
    fired = ranked.adjusted.fired[candidate]
    return tuple(FiredRule(name=rule.name, action=rule.action) for rule in fired)


def _facet(reader: TableReader, rows: Int32Array, asked: FacetRequest) -> FacetCounts:
    counts = reader.facets(rows, field=asked.field, limit=asked.limit)
    return FacetCounts(field=asked.field, counts=counts)


def _hits(
    query: Query, considered: Considered, ranked: Ranked, order: Int32Array, clock: StageClock
) -> RankedHits:
    columns = considered.columns
    numbers = (
        ranked.scores,
        columns.text_similarity,
        columns.image_similarity,
        columns.lexical_score,
    )
    contributions: Mapping[str, Float32Array] = {}
    rules: dict[int, tuple[FiredRule, ...]] = {}
    places = order.tolist()
    if query.explain:
        try:
            contributions = ranked.contributions(order)
        except RankingError as error:
            clock.fall_back("rank", used="no_contributions", reason=error.reason)
        fired = ((place, fired_rules(ranked, each)) for place, each in enumerate(places))
        rules = {place: each for place, each in fired if each}
    return RankedHits(
        [considered.ids[place] for place in places],
        np.stack(numbers, axis=1)[order],
        families=tuple(contributions),
        parts=np.stack(list(contributions.values()), axis=1) if contributions else None,
        rules=rules,
    )
