"""Where the parts are wired, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from exporter.lexicon import read_lexicon
from ranker.protocol import Ranker
from server.address import announced
from server.blas_threads import one_thread_each
from server.catalog.catalogs import Catalogs
from server.catalog.following import ChangeFollower
from server.catalog.store import Store
from server.data_directory import make_data_directory
from server.encoder_wiring import encoder_opener, refuse_missing_bundles
from server.encoders.cache import CachedEncoder, VectorCache
from server.encoders.protocol import Encoder
from server.encoders.recorder import RequestRecorder
from server.encoders.shelf import EncoderShelf
from server.explaining import Explainer
from server.ingest.replication import Replication
from server.ingest.writer import ProductWriter
from server.learning_wiring import Learning, counted_events, open_learning, open_ranker
from server.metrics_page import MetricsPage
from server.observability import Metrics
from server.pipeline import Pipeline
from server.pipeline_wiring import open_pipeline
from server.rankers.served import CurrentRanker
from server.retrieval.analysis import Analyzer
from server.retrieval.filters.fields import fold
from server.retrieval.milvus import MilvusEngine
from server.retrieval.milvus_schema import IndexType
from server.retrieval.protocol import VectorEngine
from server.rpc.encoder import Shelf
from server.rpc.in_process import ask_in_process
from server.rpc_wiring import rpc_server, search_service
from server.settings import Settings
from server.side_by_side import SideBySide
from server.worker_place import WorkerPlace
from server.workload_wiring import NO_WORKLOADS, Workloads

_KEPT_FOR_REPLICAS_SECONDS = 300.0
# No build of a catalog has this number.
_OPENING = 0
_OPENING_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Every part, wired; made by `build_app`, which also closes them."""

    settings: Settings
    shelf: EncoderShelf
    engine: VectorEngine
    store: Store
    catalogs: Catalogs
    writer: ProductWriter
    served: CurrentRanker
    learning: Learning
    pipeline: Pipeline
    unrecorded: Pipeline
    explainer: Explainer
    metrics: Metrics
    closing: ExitStack
    place: WorkerPlace | None
    bundles: Shelf

    @property
    def ranker(self) -> Ranker:
        """The ranker that answers now."""
        return self.served.current

    def start(self, workloads: Workloads = NO_WORKLOADS) -> str:
        """Answer calls until the app is closed; the address where.

        What ``workloads`` warms up with is asked before any caller is answered. In a group the
        port, the page of metrics and the file with the address are its supervisor's.

        Raises:
            AlreadyInUse: The port or the metrics port is taken.
        """
        server = rpc_server(self, workloads)
        settings = self.settings.server
        self.closing.callback(server.stop, grace_seconds=settings.grace_seconds)
        if settings.metrics_port and self.place is None:
            registry = self.metrics.registry
            page = MetricsPage(registry, host=settings.host, port=settings.metrics_port)
            self.closing.callback(page.close)
        if self.place is None:
            self.warm_up(workloads)
        server.start()
        if self.place is None:
            self.closing.enter_context(announced(self.settings.address_file, server.address))
        return server.address

    def warm_up(self, workloads: Workloads) -> None:
        """Ask what ``workloads`` warms up with; `start` does it, but for a worker of a group.

        That one does it before, for who listens on a shared port is sent callers at once.
        """
        if workloads.warm_up is not None:
            rehearsed = search_service(self, searcher=self.unrecorded)
            workloads.rehearse(partial(ask_in_process, rehearsed))

    def counts(self) -> dict[str, int]:
        """How many products each catalog holds."""
        return {name: len(self.catalogs.get(name).table) for name in self.catalogs.names()}

    def holding(self) -> str:
        """What it serves, in words."""
        counts = self.counts()
        if not counts:
            return "no catalog yet (omnishelf index makes one)"
        return ", ".join(f"{name} ({count:,} products)" for name, count in counts.items())


@contextmanager
def build_app(
    settings: Settings,
    *,
    place: WorkerPlace | None = None,
    shared: Callable[[EncoderShelf], Shelf] = lambda shelf: shelf,
) -> Iterator[App]:
    """Every part as the settings say, opened and recovered; closed when the block ends.

    Args:
        settings: The whole tree.
        place: Where this process is in a group; None for a server on its own.
        shared: Gives the shelf that callers change: in a group one whose changes all make.

    Raises:
        OmnishelfError: A part cannot be opened; the message says what to do.
        ranker.errors.ModelRefused: The ranker must not be loaded.
    """
    with ExitStack() as closing:
        one_thread_each()
        refuse_missing_bundles(settings)
        make_data_directory(settings.data)
        metrics = Metrics()
        # What waits for the disk, for a child process or for the engine does so at one time.
        side = SideBySide(closing)
        opening_shelf = side.open(partial(_shelf, settings, metrics=metrics))
        opening_engine = side.open(partial(_engine, settings, place=place))
        store = Store(settings.store_url, product_cache_bytes=settings.server.product_cache_bytes)
        closing.callback(store.close)
        # Made before anything is read, so that nothing written meanwhile is missed.
        follower = ChangeFollower(store.changes)
        served = open_ranker(
            settings, store=store, follower=follower, metrics=metrics, closing=closing, place=place
        )
        shelf = opening_shelf.take()
        engine = opening_engine.take()
        analyzer = Analyzer(_lexicon(settings.bundle_directory, shelf.current.lexicon))
        counts = counted_events(store)
        catalogs = Catalogs(
            store=store,
            engine=engine,
            shelf=shelf,
            fold=fold,
            keep_seconds=_KEPT_FOR_REPLICAS_SECONDS if _has_others(store, place) else 0.0,
            counts=counts,
        )
        closing.callback(catalogs.close)
        writer = ProductWriter(catalogs=catalogs, analyzer=analyzer)
        closing.callback(writer.close)
        Replication(store=store, catalogs=catalogs, turns=writer.turns, counts=counts).register(
            follower
        )
        learning = open_learning(
            settings,
            store=store,
            catalogs=catalogs,
            counts=counts,
            follower=follower,
            metrics=metrics,
            closing=closing,
        )
        with _opening(store, place):
            writer.open_catalogs()
        answering = open_pipeline(
            settings,
            catalogs=catalogs,
            analyzer=analyzer,
            served=served,
            learning=learning,
            metrics=metrics,
        )
        app = App(
            settings=settings,
            shelf=shelf,
            engine=engine,
            store=store,
            catalogs=catalogs,
            writer=writer,
            served=served,
            learning=learning,
            pipeline=answering.pipeline,
            unrecorded=answering.unrecorded,
            explainer=answering.explainer,
            metrics=metrics,
            closing=closing,
            place=place,
            bundles=shared(shelf),
        )
        metrics.watch_products(app.counts)
        metrics.describe(
            lambda: {
                "version": version("omnishelf"),
                "encoder_bundle": shelf.current.id,
                "ranker": served.current.id,
            }
        )
        follower.start()
        closing.callback(follower.close)
        yield app


def _has_others(store: Store, place: WorkerPlace | None) -> bool:
    """Whether other processes serve from the same store: alone is who has a file of its own."""
    return place is not None or store.database.dialect != "sqlite"


@contextmanager
def _opening(store: Store, place: WorkerPlace | None) -> Iterator[None]:
    """A block that the workers of a group enter one after the other.

    The first of them finishes what a crash left undone, which may take minutes; the others wait,
    and find it done.
    """
    if place is None:
        yield
        return
    with store.database.alone(_OPENING, wait_seconds=_OPENING_SECONDS):
        yield


def _engine(settings: Settings, closing: ExitStack, *, place: WorkerPlace | None) -> MilvusEngine:
    engine = MilvusEngine(
        (place and place.engine) or settings.vectors_uri,
        index_type=IndexType(settings.retrieval.index_type),
    )
    closing.callback(engine.close)
    return engine


def _shelf(settings: Settings, closing: ExitStack, *, metrics: Metrics) -> EncoderShelf:
    """The bundles of the settings, open; the first of them is current."""
    open_bundle = closing.enter_context(encoder_opener(settings, registry=metrics.registry))
    recorder = RequestRecorder()
    cache = VectorCache(settings.encoder.cache_bytes)

    def opened(directory: Path) -> Encoder:
        return CachedEncoder(open_bundle(directory), cache=cache, recorder=recorder)

    shelf = EncoderShelf(open_encoder=opened, recorder=recorder)
    closing.callback(shelf.close_all)
    for directory in (settings.bundle_directory, *settings.encoder.beside):
        shelf.open(directory)
    metrics.watch_cache(cache.counts)
    metrics.watch_bundles(shelf.bundles)
    return shelf


def _lexicon(bundle: Path, name: str | None) -> dict[str, tuple[str, ...]]:
    return read_lexicon(bundle / name) if name else {}
