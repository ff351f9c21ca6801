"""Single calls of ours over the bare calls below them: searching the index, and ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.parts.shop import CATALOG, AskedText, Bare
from benchmarks.parts.times import in_turn
from benchmarks.results.intervals import Estimate
from server.app import App
from server.deadline import Deadline
from server.pipeline_options import PipelineOptions
from server.query import Query, TextPart
from server.ranking_stage import RankingStage
from server.retrieval.protocol import View, ViewQuery
from server.stages import StageClock

_VIEWS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCalls:
    """`VectorIndex` as the server calls it over pymilvus' own client, the same collection.

    Attributes:
        over_bare: One view a call, all views.
        views_over_bare: A whole request's views, ours and the bare ones both side by side.
        views_over_one_by_one: The same over the bare ones one after the other.
        milliseconds: Medians.
    """

    over_bare: Estimate
    views_over_bare: Estimate
    views_over_one_by_one: Estimate
    milliseconds: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankCalls:
    """The rank stage with its features over `Booster.predict`, one thread, the same rows.

    ``candidates`` is the least and the most of them a query had.
    """

    over_bare: Estimate
    milliseconds: Mapping[str, float]
    candidates: tuple[int, int]


def searches(app: App, asked: Sequence[AskedText], *, bare: Bare, rounds: int) -> SearchCalls:
    """Measure the search calls of queries, in turn with the bare ones."""
    index = app.catalogs.get(CATALOG).index
    limit = bare.search.limit
    views = [_views(each) for each in asked]
    single = [view for each in views for view in each]
    given = [each.words if each.vector is None else each.vector for each in single]
    ones = in_turn(
        {
            "one_view": lambda n: index.search(single[n], limit=limit, deadline=_soon()),
            "bare_one_view": lambda n: bare.search.one(given[n], single[n].view),
        },
        rounds=rounds,
        jobs=len(single),
    )
    with ThreadPoolExecutor(_VIEWS) as pool:
        whole = in_turn(
            {
                "views": lambda n: index.search_views(views[n], limit=limit, deadline=_soon()),
                "bare_views": lambda n: bare.search.side_by_side(
                    asked[n].vector, asked[n].words, pool=pool
                ),
                "bare_one_by_one": lambda n: bare.search.views(asked[n].vector, asked[n].words),
            },
            rounds=rounds,
            jobs=len(asked),
        )
    return SearchCalls(
        over_bare=ones.ratio("one_view", "bare_one_view"),
        views_over_bare=whole.ratio("views", "bare_views"),
        views_over_one_by_one=whole.ratio("views", "bare_one_by_one"),
        milliseconds=ones.milliseconds() | whole.milliseconds(),
    )


def ranking(app: App, asked: Sequence[AskedText], *, bare: Bare, rounds: int) -> RankCalls:
    """Measure the rank stage of queries, in turn with bare prediction."""
    stage = RankingStage(app.served, options=PipelineOptions())
    reader = app.catalogs.get(CATALOG).table.reader()
    queries = [Query(catalog=CATALOG, parts=(TextPart(text=each.text),)) for each in asked]
    ranker = app.ranker

    def ranked(number: int) -> object:
        return stage.ranked(
            queries[number],
            asked[number].considered,
            ranker=ranker,
            reader=reader,
            clock=StageClock(app.metrics),
            deadline=Deadline.never(),
        )

    def featured(number: int) -> object:
        considered = asked[number].considered
        return ranker.features(considered.facts, considered.columns)

    times = in_turn(
        {
            "rank_stage": ranked,
            "predict": lambda n: bare.booster.predict(asked[n].matrix, num_threads=1),
            "features": featured,
            "engine": lambda n: ranker.score(asked[n].matrix),
        },
        rounds=rounds,
        jobs=len(asked),
    )
    counts = [len(each.matrix) for each in asked]
    return RankCalls(
        over_bare=times.ratio("rank_stage", "predict"),
        milliseconds=times.milliseconds(),
        candidates=(min(counts), max(counts)),
    )


def _views(asked: AskedText) -> list[ViewQuery]:
    dense = [ViewQuery(view=view, vector=asked.vector) for view in (View.TEXT, View.IMAGE)]
    return [*dense, ViewQuery(view=View.LEXICAL, words=asked.words)] if asked.words else dense


def _soon() -> Deadline:
    """A request's default time, as the server passes it on: deadlines are part of the call."""
    return Deadline.after(10.0)
