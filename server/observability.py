"""What the server says of itself: structured log lines and Prometheus metrics."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from wsgiref.simple_server import WSGIServer

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from server.errors import AlreadyInUse
from server.settings import LogFormat, LogSettings
from server.stages import FallbackUsed

_CALL_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_STAGE_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)


def configure_logging(settings: LogSettings) -> None:
    """Send log lines to stderr in the format and from the level asked."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    tail: list[structlog.typing.Processor] = [structlog.processors.dict_tracebacks, renderer]
    if settings.format is LogFormat.CONSOLE:
        tail = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *tail,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


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
        self._served_by = Info(
            "omnishelf_served_by", "What answers searches.", registry=self.registry
        )

    def stage(self, name: str, seconds: float) -> None:
        """Count one stage of a search."""
        observed = self._stages.get(name)
        if observed is None:
            observed = self._stages[name] = self.stage_seconds.labels(name)
        observed.observe(seconds)

    def fallback(self, used: FallbackUsed) -> None:
        """Count one step down the ladder."""
        self.fallbacks.labels(used.stage, used.used, used.reason).inc()

    def describe(self, facts: Mapping[str, str]) -> None:
        """Publish what answers: version, encoder bundle, ranker."""
        self._served_by.info(dict(facts))

    def watch_products(self, count: Callable[[], Mapping[str, int]]) -> None:
        """Publish how many products each catalog holds, asked of ``count`` at each scrape."""
        self.registry.register(_ProductCounts(count))


class _ProductCounts(Collector):
    def __init__(self, count: Callable[[], Mapping[str, int]]) -> None:
        self._count = count

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("omnishelf_products", "Products held.", labels=["catalog"])
        for catalog, products in self._count().items():
            family.add_metric([catalog], products)
        yield family


class MetricsPage:
    """The page that Prometheus reads, served by a thread of its own until `close`."""

    def __init__(self, metrics: Metrics, *, host: str, port: int) -> None:
        try:
            self._server: WSGIServer
            self._server, self._thread = start_http_server(
                port, addr=host, registry=metrics.registry
            )
        except OSError as error:
            raise AlreadyInUse(
                f"metrics port {port} on {host} cannot be taken ({error.strerror}); "
                "choose another with --metrics-port, 0 for none",
                reason="PORT_IN_USE",
                port=str(port),
            ) from None
        self.port = self._server.server_port

    def close(self) -> None:
        """Stop serving the page."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
