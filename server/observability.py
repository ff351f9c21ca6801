"""What the server says of itself in numbers: Prometheus metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from server.encoders.cache import CacheCounts
from server.encoders.shelf import ShelvedBundle
from server.rankers.health import RankerHealth
from server.stages import FallbackUsed

if TYPE_CHECKING:  # most servers record nothing
    from server.workload.keeper import RecordingCounts

_CALL_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_STAGE_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)


class Metrics:
    """The server's metrics on a registry of their own, so that two servers fit in one process.

    It is the `server.stages.StageObserver` of the pipeline.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter(
            "omnishelf_calls", "Calls answered.", ["method", "code"], registry=self.registry
        )
        self.call_seconds = Histogram(
            "omnishelf_call_seconds",
            "Wall time of a call inside the server.",
            ["method"],
            buckets=_CALL_BUCKETS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "omnishelf_calls_in_flight", "Calls being worked on.", registry=self.registry
        )
        self.stage_seconds = Histogram(
            "omnishelf_search_stage_seconds",
            "Wall time of one stage of a search.",
            ["stage"],
            buckets=_STAGE_BUCKETS,
            registry=self.registry,
        )
        # Looking a label up takes a lock and ten times as long as counting.
        self._stages: dict[str, Histogram] = {}
        self.fallbacks = Counter(
            "omnishelf_search_fallbacks",
            "Stages replaced by their fallback.",
            ["stage", "used", "reason"],
            registry=self.registry,
        )

        self._searches_dropped = Counter(
            "omnishelf_searches_not_recorded",
            "Answered searches that could not be recorded.",
            registry=self.registry,
        )

    def searches_dropped(self, count: int) -> None:
        """Count searches that were answered and could not be recorded."""
        self._searches_dropped.inc(count)

    def stage(self, name: str, seconds: float) -> None:
        """Count one stage of a search."""
        observed = self._stages.get(name)
        if observed is None:
            observed = self._stages[name] = self.stage_seconds.labels(name)
        observed.observe(seconds)

    def fallback(self, used: FallbackUsed) -> None:
        """Count one step down the ladder."""
        self.fallbacks.labels(used.stage, used.used, used.reason).inc()

    def describe(self, facts: Callable[[], Mapping[str, str]]) -> None:
        """Publish what answers: version, current bundle, ranker; asked of ``facts`` each scrape."""
        self._collect(
            lambda: [
                InfoMetricFamily(
                    "omnishelf_served_by", "What answers searches.", value=dict(facts())
                )
            ]
        )

    def watch_products(self, count: Callable[[], Mapping[str, int]]) -> None:
        """Publish how many products each catalog holds, asked of ``count`` at each scrape."""
        self._collect(
            lambda: [_by_label("omnishelf_products", "Products held.", count(), "catalog")]
        )

    def watch_cache(self, counts: Callable[[], CacheCounts]) -> None:
        """Publish what the cache of query vectors did and holds, asked at each scrape."""
        self._collect(lambda: _cache_families(counts()))

    def watch_bundles(self, bundles: Callable[[], Sequence[ShelvedBundle]]) -> None:
        """Publish which encoder bundles are open, asked at each scrape."""
        self._collect(lambda: _bundle_families(bundles()))

    def watch_ranker(self, health: Callable[[], RankerHealth]) -> None:
        """Publish what runs the ranker and whether a promoted one is refused, at each scrape."""
        self._collect(lambda: _ranker_families(health()))

    def watch_recording(self, counts: Callable[[], RecordingCounts]) -> None:
        """Publish how many searches a recording holds and lacks, asked at each scrape."""
        self._collect(lambda: _recording_families(counts()))

    def _collect(self, families: Callable[[], Sequence[Metric]]) -> None:
        self.registry.register(_AtScrape(families))


class _AtScrape(Collector):
    """Families whose values are asked for when the page is read."""

    def __init__(self, families: Callable[[], Sequence[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families()


def _by_label(name: str, documentation: str, values: Mapping[str, float], label: str) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _cache_families(counts: CacheCounts) -> list[Metric]:
    return [
        CounterMetricFamily(
            "omnishelf_vector_cache_hits", "Query vectors found in memory.", value=counts.hits
        ),
        CounterMetricFamily(
            "omnishelf_vector_cache_misses", "Query vectors not found there.", value=counts.misses
        ),
        CounterMetricFamily(
            "omnishelf_vector_cache_evictions",
            "Query vectors dropped to make room.",
            value=counts.evictions,
        ),
        GaugeMetricFamily(
            "omnishelf_vector_cache_entries", "Query vectors held.", value=counts.entries
        ),
        GaugeMetricFamily(
            "omnishelf_vector_cache_bytes", "Memory of the vectors held.", value=counts.bytes
        ),
    ]


def _bundle_families(bundles: Sequence[ShelvedBundle]) -> list[Metric]:
    current = {each.manifest.id: float(each.current) for each in bundles}
    catalogs = {each.manifest.id: float(len(each.users)) for each in bundles}
    away = {each.manifest.id: float(each.away_reason is not None) for each in bundles}
    return [
        _by_label("omnishelf_bundle_current", "1 for that of new catalogs.", current, "bundle"),
        _by_label("omnishelf_bundle_catalogs", "Catalogs of a bundle.", catalogs, "bundle"),
        _by_label("omnishelf_bundle_away", "1 while its towers are away.", away, "bundle"),
    ]


def _ranker_families(health: RankerHealth) -> list[Metric]:
    engine = {"ranker": health.ranker, "engine": health.engine, "reason": health.engine_reason}
    refused = GaugeMetricFamily(
        "omnishelf_ranker_refused",
        "1 while a promoted ranker cannot be served here, and another answers.",
        labels=["ranker", "reason"],
    )
    if health.refused is not None:
        refused.add_metric([health.refused.ranker, health.refused.reason], 1.0)
    return [
        InfoMetricFamily("omnishelf_ranker_engine", "What runs the ranker.", value=engine),
        refused,
    ]


def _recording_families(counts: RecordingCounts) -> list[Metric]:
    return [
        CounterMetricFamily(
            "omnishelf_workload_recorded", "Searches in the recording.", value=counts.recorded
        ),
        CounterMetricFamily(
            "omnishelf_workload_dropped",
            "Answered searches that the recording lacks.",
            value=counts.dropped,
        ),
    ]


class TritonMetrics:
    """What becomes of a managed Triton: its `server.encoders.managed_triton.TritonObserver`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Publish on ``registry``: only a server that manages a Triton has these."""
        self._up = Gauge(
            "omnishelf_triton_up",
            "1 while the managed Triton gives right answers.",
            registry=registry,
        )
        self._restarts = Counter(
            "omnishelf_triton_restarts",
            "Times the managed Triton was started again.",
            registry=registry,
        )

    def triton_up(self, *, up: bool) -> None:
        """Note that it has begun or ceased to give right answers."""
        self._up.set(1 if up else 0)

    def triton_restarted(self) -> None:
        """Count a restart."""
        self._restarts.inc()
