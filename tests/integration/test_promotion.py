"""A version promoted and rolled back under load: two servers, one PostgreSQL, no failed search."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import grpc
import psycopg
import pytest
from google.type import money_pb2
from omnishelf.v1 import (
    product_pb2,
    product_service_pb2,
    product_service_pb2_grpc,
    search_service_pb2_grpc,
)
from omnishelf.v1 import search_service_pb2 as pb

from ranker.registry import load, save
from server import app
from server.catalog.store import Store
from server.rankers.promotion import Promoter
from server.rankers.replicas import Replicas
from server.rankers.store import RankerStore
from server.retrieval.exact import ExactEngine
from server.rpc.channel import open_channel
from server.settings import load_settings
from tests.server import conftest
from tests.server.ingest.replica_parts import seconds_until
from tests.server.rankers.conftest import trained

postgres_uri = conftest.postgres_uri

PARENT = "catalogs/shop"
THREADS_A_SERVER = 2
SECONDS = 60.0
SEARCH = pb.SearchProductsRequest(
    parent=PARENT, query=[pb.QueryPart(text="pants")], ranking=pb.RankingOptions(variety=0.0)
)
PRODUCTS = [
    product_pb2.Product(
        name=f"{PARENT}/products/p{place}",
        title=title,
        price=money_pb2.Money(currency_code="USD", units=20 + 10 * place),
    )
    for place, title in enumerate(("Yoga pants", "Running shoes", "Hiking pants", "Wool socks"))
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a search gave."""

    ranker: str
    scores: tuple[float, ...]
    fallbacks: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class Shopper(threading.Thread):
    """Searches one server, again and again, over a channel of its own."""

    address: str
    stop: threading.Event
    replies: list[Reply] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(name="shopper", daemon=True)

    def run(self) -> None:
        # Without retries, which would hide a failure.
        options = [("grpc.enable_retries", 0)]
        with grpc.insecure_channel(self.address, options=options) as channel:
            stub = search_service_pb2_grpc.SearchServiceStub(channel)
            while not self.stop.is_set():
                try:
                    found = stub.SearchProducts(SEARCH, timeout=SECONDS)
                except grpc.RpcError as error:
                    self.failures.append(str(error))
                    continue
                self.replies.append(
                    Reply(
                        ranker=found.served_by.ranker,
                        scores=tuple(hit.score for hit in found.hits),
                        fallbacks=tuple(each.reason for each in found.fallbacks),
                    )
                )


@pytest.fixture
def version(tmp_path: Path) -> dict[str, Path]:
    """Return the directories of two versions by their ids: the settings' first, then another."""
    found = {}
    for name in ("base", "newer"):
        directory = tmp_path / "versions" / name
        save(directory, trained(name), provenance={})
        found[load(directory).id] = directory
    return found


@pytest.fixture
def store_url(postgres_uri: str) -> str:
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA promotion")
    return f"{postgres_uri}&options=-csearch_path%3Dpromotion"


@pytest.fixture
def addresses(
    store_url: str, version: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """Return the addresses of two servers over one store and one vector engine."""
    shared = ExactEngine()
    monkeypatch.setattr(app, "MilvusEngine", lambda *_, **__: shared)
    with ExitStack() as closing:
        addresses = []
        for name in ("one", "two"):
            flags = {
                "data": tmp_path / name,
                "server.port": 0,
                "store.url": store_url,
                "ranking.ranker": next(iter(version.values())),
            }
            opened = closing.enter_context(app.build_app(load_settings(flags=flags)))
            addresses.append(opened.start())
        with open_channel(addresses[0]) as channel:
            product_service_pb2_grpc.ProductServiceStub(channel).BatchUpsertProducts(
                product_service_pb2.BatchUpsertProductsRequest(parent=PARENT, products=PRODUCTS)
            )
        with open_channel(addresses[1]) as channel:
            seconds_until(lambda: _finds_all(channel))
        yield addresses


def _finds_all(channel: grpc.Channel) -> bool:
    try:
        found = search_service_pb2_grpc.SearchServiceStub(channel).SearchProducts(
            SEARCH, timeout=SECONDS
        )
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.NOT_FOUND:
            raise
        return False  # the catalog was made a moment ago, by the other server
    return len(found.hits) == len(PRODUCTS)


@pytest.fixture
def rankers(store_url: str) -> Iterator[RankerStore]:
    """Return the store of rankers, as a command has it."""
    opened = Store(store_url)
    yield RankerStore(opened.database, changes=opened.changes)
    opened.close()


def test_no_search_notices_a_promotion_and_a_rollback(
    addresses: list[str], version: dict[str, Path], rankers: RankerStore
) -> None:
    base, newer = version
    promoter = Promoter(rankers, replicas=Replicas(rankers._database), wait_seconds=2 * SECONDS)
    stop = threading.Event()
    shoppers = [
        Shopper(address=address, stop=stop)
        for address in addresses
        for _ in range(THREADS_A_SERVER)
    ]
    for shopper in shoppers:
        shopper.start()
    try:
        seconds_until(lambda: _all_serve(base, shoppers))
        done = promoter.promote_directory(version[newer], by="test")
        assert (done.ranker, done.ready, done.silent) == (newer, 2, 0)
        seconds_until(lambda: _all_serve(newer, shoppers))
        assert promoter.rollback(by="test").replaced == newer
        seconds_until(lambda: _all_serve(base, shoppers))
    finally:
        stop.set()
        for shopper in shoppers:
            shopper.join()
    replies = [reply for shopper in shoppers for reply in shopper.replies]
    assert [failure for shopper in shoppers for failure in shopper.failures] == []
    assert {reply.fallbacks for reply in replies} == {()}
    # One list of scores a ranker: no reply is of both, and no reply names the wrong one.
    assert {reply.ranker for reply in replies} == {base, newer}
    assert len({(reply.ranker, reply.scores) for reply in replies}) == 2
    assert len({reply.scores for reply in replies}) == 2
    for shopper in shoppers:
        # Whoever met the new one met the old one no more until it was rolled back.
        met = [ranker for ranker, _ in groupby(reply.ranker for reply in shopper.replies)]
        assert met == [base, newer, base]


def _all_serve(ranker: str, shoppers: list[Shopper]) -> bool:
    """Whether everybody was answered by the ranker at last."""
    last = [shopper.replies[-1:] for shopper in shoppers]
    return all(each and each[0].ranker == ranker for each in last)
