from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from omnishelf.v1 import (
    encoder_service_pb2_grpc,
    feedback_service_pb2_grpc,
    product_pb2,
    product_service_pb2_grpc,
    rule_service_pb2_grpc,
    search_service_pb2_grpc,
)

from server.catalog.answers import Answer
from server.deadline import Deadline
from server.encoders.recorder import RequestRecorder
from server.encoders.shelf import EncoderShelf
from server.errors import InvalidRequest, NotFound
from server.explanation import AskedExplanation, ExplainedProduct, Explanation
from server.hits import RankedHit
from server.ingest.incoming import IncomingProduct, WriteOutcome, WriteStatus
from server.observability import Metrics
from server.query import Query, SearchResult
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


@dataclass
class Shop:
    """A searcher and a writer in one: catalogs of serialized products by id.

    A search answers every product in the order of ids, or does what ``behave`` says instead.
    """

    catalogs: dict[str, dict[str, bytes]] = field(default_factory=dict)
    behave: Callable[[Query, Deadline], SearchResult] | None = None
    written: list[list[str]] = field(default_factory=list)
    explained: list[tuple[Query, AskedExplanation]] = field(default_factory=list)

    def search(self, query: Query, *, deadline: Deadline) -> SearchResult:
        if self.behave:
            return self.behave(query, deadline)
        hits = tuple(
            RankedHit(
                product_id=product_id,
                score=0.5,
                text_similarity=0.5,
                image_similarity=float("nan"),
                lexical_score=float("nan"),
            )
            for product_id in sorted(self.rows(query.catalog).products)
        )
        return SearchResult(
            search_id="s1",
            hits=hits,
            facets=(),
            stage_seconds={"encode": 0.001},
            fallbacks=(),
            encoder_bundle="b",
            index="i",
            ranker="r",
        )

    def explain(self, query: Query, asked: AskedExplanation, *, deadline: Deadline) -> Explanation:
        self.explained.append((query, asked))
        return Explanation(
            product=ExplainedProduct(
                product_id=asked.product_id, position=1, score=0.5, contributions={}
            ),
            other=None,
            differences={},
            summary=f"{asked.product_id} is the only candidate.",
            trials=(),
            encoder_bundle="b",
            index="i",
            ranker="r",
        )

    def write(
        self,
        catalog: str,
        items: Sequence[IncomingProduct],
        *,
        all_or_none: bool,
        deadline: Deadline,
    ) -> list[WriteOutcome]:
        wrong = [violation for item in items for violation in item.violations]
        if all_or_none and wrong:
            raise InvalidRequest(wrong)
        self.written.append([item.record.id for item in items])
        return [self._write(catalog, item) for item in items]

    def _write(self, catalog: str, item: IncomingProduct) -> WriteOutcome:
        product_id = item.record.id
        if item.violations:
            return WriteOutcome(
                product_id=product_id, status=WriteStatus.REFUSED, violations=item.violations
            )
        name = f"catalogs/{catalog}/products/{product_id}"
        message = product_pb2.Product(name=name, title=item.record.title)
        payload = message.SerializeToString()
        self.catalogs.setdefault(catalog, {})[product_id] = payload
        return WriteOutcome(product_id=product_id, status=WriteStatus.WRITTEN, payload=payload)

    @contextmanager
    def replacing(
        self, catalog: str
    ) -> Iterator[Callable[[Sequence[IncomingProduct]], list[WriteOutcome]]]:
        """A new build is the catalog under another name until it takes the name."""
        fresh = f"{catalog}-fresh"
        try:
            yield lambda items: self.write(
                fresh, items, all_or_none=False, deadline=Deadline.never()
            )
            self.catalogs[catalog] = self.catalogs[fresh]
        finally:
            self.catalogs.pop(fresh, None)

    def delete(self, catalog: str, ids: Sequence[str]) -> list[str]:
        held = self.rows(catalog).products
        return [each for each in ids if held.pop(each, None) is not None]

    def rows(self, catalog: str) -> "ShopRows":
        if catalog not in self.catalogs:
            raise NotFound(f"there is no catalog {catalog}", reason="CATALOG_NOT_FOUND")
        return ShopRows(self.catalogs[catalog])


@dataclass
class ShopRows:
    products: dict[str, bytes]

    def get_many(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        return {each: self.products[each] for each in ids if each in self.products}

    def page(self, *, after_id: str, limit: int) -> list[tuple[str, bytes]]:
        after = sorted(item for item in self.products.items() if item[0] > after_id)
        return after[:limit]


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
                read_payloads=lambda catalog, ids: shop.rows(catalog).get_many(ids),
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
