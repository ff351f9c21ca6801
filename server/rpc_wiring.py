"""Wires the services that callers reach, over the parts of an open app."""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import TYPE_CHECKING

from omnishelf.v1.search_service_pb2_grpc import SearchServiceServicer

from server.pipeline import Pipeline
from server.rpc.encoder import EncoderService
from server.rpc.feedback import FeedbackService
from server.rpc.interceptors import CallInterceptor, Permits
from server.rpc.once import Once
from server.rpc.page_tokens import PageTokens
from server.rpc.product import ProductService
from server.rpc.recorded import RecordedSearchService
from server.rpc.reply import SearchReplies
from server.rpc.rule import RuleService
from server.rpc.search import SearchService
from server.rpc.server import RpcServer
from server.rpc.signing import TokenSigner
from server.rpc.work_turns import WorkTurns
from server.settings import EncoderKind, Settings
from server.workload_wiring import Workloads

if TYPE_CHECKING:
    from server.app import App  # which wires this in

_SIGNING_KEY = "page_token_key"
_KEY_BYTES = 32
_RUNS_ON = {EncoderKind.EMBEDDED: "in_process", EncoderKind.TRITON: "triton"}


def rpc_server(app: App, workloads: Workloads) -> RpcServer:
    """A server of all services, its port taken; ``workloads`` may have searches recorded."""
    settings = app.settings.server
    tokens = _tokens(app)
    catalogs = app.catalogs
    search: SearchServiceServicer = search_service(app, searcher=app.pipeline)
    if workloads.recorder is not None:
        search = RecordedSearchService(search, recording=workloads.recorder)
        app.metrics.watch_recording(workloads.recorder.counts)
    return RpcServer(
        search=search,
        products=ProductService(
            writer=app.writer,
            rows_of=catalogs.rows,
            once=Once(app.store.answers),
            tokens=tokens,
        ),
        encoders=EncoderService(
            shelf=app.bundles,
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
        port=app.place.port if app.place else settings.port,
        threads=settings.threads,
        shared_port=app.place is not None,
    )


def search_service(app: App, *, searcher: Pipeline) -> SearchService:
    """The service of searches, which ``searcher`` answers."""
    tokens = _tokens(app)
    catalogs = app.catalogs
    return SearchService(
        searcher=searcher,
        explainer=app.explainer,
        replies=SearchReplies(
            read_payloads=lambda name, ids, detail: catalogs.rows(name).shown(ids, detail=detail),
            tokens=tokens,
            observer=app.metrics,
        ),
        tokens=tokens,
        dimension_of=lambda parent: catalogs.dimension(parent.removeprefix("catalogs/")),
        default_deadline_seconds=app.settings.server.default_deadline_seconds,
        turns=WorkTurns(searches_at_once(app.settings)),
    )


def searches_at_once(settings: Settings) -> int:
    """How many searches one process works on at one time; 0 for no limit."""
    server = settings.server
    if server.searches_at_once:
        return server.searches_at_once
    here = settings.encoder.kind is EncoderKind.EMBEDDED and settings.vectors_uri.endswith(".db")
    if not here:
        return 0
    # While one waits for the engine another computes; more would only make each other late.
    return (os.cpu_count() or 1) // server.processes + 1


def _tokens(app: App) -> PageTokens:
    return PageTokens(TokenSigner(_page_token_key(app)))


def _page_token_key(app: App) -> bytes:
    """The key of the settings, else one that every replica finds in the store."""
    given = app.settings.server.page_token_key
    if given is not None:
        return hashlib.sha256(given.get_secret_value().encode()).digest()
    return app.store.shared(_SIGNING_KEY, lambda: secrets.token_bytes(_KEY_BYTES))
