"""Where the parts are wired, and nowhere else."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from exporter.lexicon import read_lexicon
from ranker.protocol import Ranker
from server.address import announced
from server.catalog.catalogs import Catalogs
from server.catalog.following import ChangeFollower
from server.catalog.store import Store
from server.encoder_wiring import encoder_opener
from server.encoders.cache import CachedEncoder, VectorCache
from server.encoders.protocol import Encoder
from server.encoders.recorder import RequestRecorder
from server.encoders.shelf import EncoderShelf
from server.errors import FailedPrecondition
from server.explaining import Explainer
from server.ingest.replication import Replication
from server.ingest.writer import ProductWriter
from server.learning_wiring import Learning, counted_events, open_learning, open_ranker
from server.observability import Metrics, MetricsPage
from server.pipeline import Pipeline
from server.pipeline_wiring import open_pipeline
from server.rankers.served import CurrentRanker
from server.retrieval.analysis import Analyzer
from server.retrieval.filters.fields import fold
from server.retrieval.milvus import MilvusEngine
from server.retrieval.milvus_schema import IndexType
from server.retrieval.protocol import VectorEngine
from server.rpc.encoder import EncoderService
from server.rpc.feedback import FeedbackService
from server.rpc.interceptors import CallInterceptor, Permits
from server.rpc.once import Once
from server.rpc.page_tokens import PageTokens
from server.rpc.product import ProductService
from server.rpc.reply import SearchReplies
from server.rpc.rule import RuleService
from server.rpc.search import SearchService
from server.rpc.server import RpcServer
from server.rpc.signing import TokenSigner
from server.settings import EncoderKind, Settings

_SIGNING_KEY = "page_token_key"
_KEY_BYTES = 32
_KEPT_FOR_REPLICAS_SECONDS = 300.0
_RUNS_ON = {EncoderKind.EMBEDDED: "in_process", EncoderKind.TRITON: "triton"}


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
    explainer: Explainer
    metrics: Metrics
    closing: ExitStack

    @property
    def ranker(self) -> Ranker:
        """The ranker that answers now."""
        return self.served.current

    def start(self) -> str:
        """Answer calls until the app is closed; the address where.

        Raises:
            AlreadyInUse: The port or the metrics port is taken.
        """
        server = _rpc_server(self)
        settings = self.settings.server
        self.closing.callback(server.stop, grace_seconds=settings.grace_seconds)
        if settings.metrics_port:
            page = MetricsPage(self.metrics, host=settings.host, port=settings.metrics_port)
            self.closing.callback(page.close)
        server.start()
        self.closing.enter_context(announced(self.settings.address_file, server.address))
        return server.address

    def counts(self) -> dict[str, int]:
        """How many products each catalog holds."""
        return {name: len(self.catalogs.get(name).table) for name in self.catalogs.names()}


@contextmanager
def build_app(settings: Settings) -> Iterator[App]:
    """Every part as the settings say, opened and recovered; closed when the block ends.

    Raises:
        OmnishelfError: A part cannot be opened; the message says what to do.
        ranker.errors.ModelRefused: The ranker must not be loaded.
    """
    with ExitStack() as closing:
        _make_directory(settings.data)
        metrics = Metrics()
        shelf = _shelf(settings, metrics=metrics, closing=closing)
        store = Store(settings.store_url)
        closing.callback(store.close)
        engine = MilvusEngine(
            settings.vectors_uri, index_type=IndexType(settings.retrieval.index_type)
        )
        closing.callback(engine.close)
        # Made before anything is read, so that nothing written meanwhile is missed.
        follower = ChangeFollower(store.changes)
        served = open_ranker(
            settings, store=store, follower=follower, metrics=metrics, closing=closing
        )
        analyzer = Analyzer(_lexicon(settings.bundle_directory, shelf.current.lexicon))
        counts = counted_events(store)
        catalogs = Catalogs(
            store=store,
            engine=engine,
            shelf=shelf,
            fold=fold,
            keep_seconds=0.0 if store.database.dialect == "sqlite" else _KEPT_FOR_REPLICAS_SECONDS,
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
        writer.open_catalogs()
        answering = open_pipeline(
            settings,
            catalogs=catalogs,
            analyzer=analyzer,
            served=served,
            learning=learning,
            metrics=metrics,
            closing=closing,
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
            explainer=answering.explainer,
            metrics=metrics,
            closing=closing,
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


def _shelf(settings: Settings, *, metrics: Metrics, closing: ExitStack) -> EncoderShelf:
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


def _rpc_server(app: App) -> RpcServer:
    settings = app.settings.server
    tokens = PageTokens(TokenSigner(_page_token_key(app)))
    catalogs = app.catalogs
    return RpcServer(
        search=SearchService(
            searcher=app.pipeline,
            explainer=app.explainer,
            replies=SearchReplies(
                read_payloads=lambda name, ids: catalogs.rows(name).get_many(ids),
                tokens=tokens,
                observer=app.metrics,
            ),
            tokens=tokens,
            dimension_of=lambda parent: catalogs.dimension(parent.removeprefix("catalogs/")),
            default_deadline_seconds=settings.default_deadline_seconds,
        ),
        products=ProductService(
            writer=app.writer,
            rows_of=catalogs.rows,
            once=Once(app.store.answers),
            tokens=tokens,
        ),
        encoders=EncoderService(
            shelf=app.shelf,
            directory=app.settings.shelf_directory,
            runs_on=_RUNS_ON[app.settings.encoder.kind],
            opened=app.writer.open_catalogs,
            tokens=tokens,
        ),
        feedback=FeedbackService(
            events=app.learning.events,
            forgetter=app.learning.forgetting,
            keep_days=app.settings.feedback.keep_days,
            heard=app.learning.profiles.heard,
        ),
        rules=RuleService(
            rules=app.learning.rule_store,
            written=app.learning.rules.refresh,
            check_catalog=catalogs.get,
            tokens=tokens,
        ),
        interceptors=[
            CallInterceptor(
                permits=Permits.of(calls=settings.max_in_flight, streams=settings.max_imports),
                metrics=app.metrics,
            )
        ],
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
    )


def _page_token_key(app: App) -> bytes:
    """The key of the settings, else one that every replica finds in the store."""
    given = app.settings.server.page_token_key
    if given is not None:
        return hashlib.sha256(given.get_secret_value().encode()).digest()
    return app.store.shared(_SIGNING_KEY, lambda: secrets.token_bytes(_KEY_BYTES))


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = (
            f"the data directory {path} cannot be made ({error.strerror}); name another with --data"
        )
        raise FailedPrecondition(message, reason="DATA_DIRECTORY") from error


def _lexicon(bundle: Path, name: str | None) -> dict[str, tuple[str, ...]]:
    return read_lexicon(bundle / name) if name else {}
