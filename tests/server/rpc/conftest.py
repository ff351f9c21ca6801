from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from omnishelf.v1 import (
    encoder_service_pb2_grpc,
    feedback_service_pb2_grpc,
    product_service_pb2_grpc,
    rule_service_pb2_grpc,
    search_service_pb2_grpc,
)

from server.catalog.answers import Answer
from server.encoders.recorder import RequestRecorder
from server.encoders.shelf import EncoderShelf
from server.hits import RankedHit
from server.observability import Metrics
from server.query import SearchResult
from server.rpc.channel import open_channel
from server.rpc.encoder import EncoderService
from server.rpc.interceptors import CallInterceptor, Permits
from server.rpc.once import Once
from server.rpc.page_tokens import PageTokens
from server.rpc.product import ProductService
from server.rpc.reply import SearchReplies
from server.rpc.search import SearchService
from server.rpc.server import RpcServer
from server.rpc.signing import TokenSigner
from tests.server.encoders.shelf_parts import opened
from tests.server.rpc.shop_in_memory import Shop

DIMENSION = 3


@pytest.fixture
def make_result() -> Callable[..., SearchResult]:
    """A search result over products p0, p1, ... of falling score; fields by keyword."""

    def make(count: int = 3, **fields: object) -> SearchResult:
        hits = tuple(
            RankedHit(
                product_id=f"p{place}",
                score=1.0 - place / 1024,
                text_similarity=0.5,
                image_similarity=float("nan"),
                lexical_score=2.0,
            )
            for place in range(count)
        )
        whole = {
            "search_id": "s1",
            "hits": hits,
            "facets": (),
            "stage_seconds": {"encode": 0.002, "retrieve": 1.5},
            "fallbacks": (),
            "encoder_bundle": "starter_1",
            "index": "omnishelf_luma_starter_1_1",
            "ranker": "default_1",
        }
        return SearchResult(**{**whole, **fields})  # type: ignore[arg-type] # fields by keyword

    return make


class KeptAnswers:
    """Answers in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Answer] = {}

    def find(self, request_id: str) -> Answer | None:
        return self.kept.get(request_id)

    def keep(self, request_id: str, answer: Answer) -> Answer:
        return self.kept.setdefault(request_id, answer)

    def forget(self, *, older_than_seconds: float) -> None:
        pass


class NoFeedback(feedback_service_pb2_grpc.FeedbackServiceServicer): ...


class NoRules(rule_service_pb2_grpc.RuleServiceServicer): ...


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running server and a channel to it."""

    shop: Shop
    metrics: Metrics
    shelf: EncoderShelf
    folder: Path
    opening: list[list[str]]
    server: RpcServer
    channel: grpc.Channel

    @property
    def search(self) -> search_service_pb2_grpc.SearchServiceStub:
        return search_service_pb2_grpc.SearchServiceStub(self.channel)

    @property
    def encoders(self) -> encoder_service_pb2_grpc.EncoderServiceStub:
        return encoder_service_pb2_grpc.EncoderServiceStub(self.channel)

    @property
    def products(self) -> product_service_pb2_grpc.ProductServiceStub:
        return product_service_pb2_grpc.ProductServiceStub(self.channel)


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Served]]:
    """Starts a real server on a free port over a shop in memory, and a channel to it."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("bundles")

        def start(*, calls: int = 4, streams: int = 2, default_seconds: float = 10) -> Served:
            shop, metrics = Shop(), Metrics()
            shelf = EncoderShelf(open_encoder=opened, recorder=RequestRecorder())
            shelf.open(folder / "first")
            stack.callback(shelf.close_all)
            opening: list[list[str]] = []
            tokens = PageTokens(TokenSigner(b"k" * 32))
            replies = SearchReplies(
                read_payloads=lambda catalog, ids, _: shop.rows(catalog).get_many(ids),
                tokens=tokens,
                observer=metrics,
            )
            server = RpcServer(
                search=SearchService(
                    searcher=shop,
                    explainer=shop,
                    replies=replies,
                    tokens=tokens,
                    dimension_of=lambda _: DIMENSION,
                    default_deadline_seconds=default_seconds,
                ),
                products=ProductService(
                    writer=shop, rows_of=shop.rows, once=Once(KeptAnswers()), tokens=tokens
                ),
                encoders=EncoderService(
                    shelf=shelf,
                    directory=folder,
                    runs_on="in_process",
                    opened=lambda: opening.append(shelf.ids()),
                    tokens=tokens,
                ),
                feedback=NoFeedback(),  # type: ignore[abstract] # not called
                rules=NoRules(),  # type: ignore[abstract] # not called
                interceptors=[
                    CallInterceptor(
                        permits=Permits.of(calls=calls, streams=streams), metrics=metrics
                    )
                ],
                host="127.0.0.1",
                port=0,
                threads=calls + streams + 4,
            )
            server.start()
            stack.callback(server.stop, grace_seconds=1)
            channel = stack.enter_context(open_channel(server.address))
            return Served(
                shop=shop,
                metrics=metrics,
                shelf=shelf,
                folder=folder,
                opening=opening,
                server=server,
                channel=channel,
            )

        yield start


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    """A running server of the usual size."""
    return serve()
