"""Wires what ranking learns from and is steered by: feedback, persons, rules, the served ranker."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import structlog

from ranker.baseline import RetrievalOrder
from server.catalog.catalogs import Catalogs
from server.catalog.changes import ChangeKind
from server.catalog.counts import LiveCounts
from server.catalog.following import ChangeFollower
from server.catalog.store import Store
from server.counted_here import CountedHere
from server.feedback.counts import ProductCounts
from server.feedback.event_store import EventStore
from server.feedback.forgetting import Forgetting
from server.feedback.retention import Retention
from server.feedback.search_log import SearchLog
from server.feedback.search_store import SearchStore
from server.observability import Metrics
from server.persons.profiles import Profiles
from server.rankers.loading import RankerLoader
from server.rankers.replicas import Replicas
from server.rankers.served import CurrentRanker, FixedRanker, ServedRanker
from server.rankers.store import RankerStore
from server.rules.book import RuleBook
from server.rules.store import RuleStore
from server.settings import Settings
from server.worker_place import WorkerPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """The parts, open; closed with the stack they were opened on."""

    events: EventStore
    searches: SearchLog
    forgetting: Forgetting
    profiles: Profiles
    rule_store: RuleStore
    rules: RuleBook


def counted_events(store: Store) -> LiveCounts:
    """What fills the tables' counts from the store; catalogs are opened with it."""
    return LiveCounts(source=ProductCounts(store.database), changes=store.changes)


def open_learning(
    settings: Settings,
    *,
    store: Store,
    catalogs: Catalogs,
    counts: LiveCounts,
    follower: ChangeFollower,
    metrics: Metrics,
    closing: ExitStack,
) -> Learning:
    """Open the parts, and have them told of what other replicas do.

    Raises:
        Unavailable: the store does not answer.
    """
    counted = CountedHere(counts, find=catalogs.find)
    counted.start()
    closing.callback(counted.close)
    events = EventStore(store, when_counted=counted.note)
    searches = SearchLog(SearchStore(store), when_dropped=metrics.searches_dropped)
    closing.callback(searches.close)
    profiles = Profiles(events)
    follower.on(ChangeKind.PERSON, lambda _: profiles.drop(), reload=profiles.drop)
    rule_store = RuleStore(store.database, changes=store.changes)
    rules = RuleBook(rule_store)
    rules.reload()
    follower.on(ChangeKind.RULES, rules.take_up, reload=rules.reload)
    retention = Retention(
        store, keep_days=settings.feedback.keep_days, keep_searches=settings.feedback.keep_searches
    )
    retention.start()
    closing.callback(retention.close)
    return Learning(
        events=events,
        searches=searches,
        forgetting=Forgetting(
            store, flush=searches.flush, when_forgotten=lambda _: profiles.drop()
        ),
        profiles=profiles,
        rule_store=rule_store,
        rules=rules,
    )


def open_ranker(
    settings: Settings,
    *,
    store: Store,
    follower: ChangeFollower,
    metrics: Metrics,
    closing: ExitStack,
    place: WorkerPlace | None = None,
) -> CurrentRanker:
    """The ranker that the store says is served, else that of the settings, else the shipped one.

    What it is and how it fares is logged now and published from now on.

    Raises:
        ranker.errors.ModelRefused: the ranker of the settings must not be loaded, and no other was
            promoted.
        Unavailable: the store does not answer.
    """
    served = _opened_ranker(settings, store=store, follower=follower, closing=closing, place=place)
    metrics.watch_ranker(lambda: served.health)
    health = served.health
    structlog.get_logger().info(
        "ranker served",
        ranker=health.ranker,
        engine=health.engine,
        engine_reason=health.engine_reason,
        twin=health.twin,
    )
    return served


def _opened_ranker(
    settings: Settings,
    *,
    store: Store,
    follower: ChangeFollower,
    closing: ExitStack,
    place: WorkerPlace | None,
) -> CurrentRanker:
    ranking = settings.ranking
    if not ranking.enabled:
        return FixedRanker(current=RetrievalOrder())
    rankers = RankerStore(store.database, changes=store.changes)
    folder = settings.data / "rankers"
    replicas = Replicas(store.database)
    if place is not None:
        # Each worker throws away what it no longer holds; and one that takes a dead one's place
        # takes its name, so that no promotion waits for the dead one.
        folder /= f"worker-{place.number}"
        replicas = Replicas(store.database, own=place.name)
        replicas.leave()
    loader = RankerLoader(rankers, folder=folder, named=ranking.ranker, engine=ranking.engine)
    served = ServedRanker(rankers, replicas=replicas, loader=loader)
    served.start()
    closing.callback(served.close)
    follower.on(ChangeKind.RANKER, served.take_up, reload=served.take_up)
    return served
