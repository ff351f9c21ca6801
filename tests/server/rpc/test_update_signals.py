"""UpdateSignals over the wire, against a real writer, store and index."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from google.type.money_pb2 import Money
from omnishelf.v1 import product_pb2, product_service_pb2_grpc
from omnishelf.v1 import product_service_pb2 as pb

from server.errors import InvalidRequest, NotFound
from server.observability import Metrics
from server.retrieval.exact import ExactEngine
from server.rpc.channel import open_channel, wire_errors
from server.rpc.interceptors import CallInterceptor, Permits
from server.rpc.once import Once
from server.rpc.page_tokens import PageTokens
from server.rpc.product import ProductService
from server.rpc.signing import TokenSigner
from tests.server.ingest.shop_parts import Shop, item, open_shop, store_path

PARENT = "catalogs/shop"
ID = "3f2c8f0e-9f0b-4c57-9a53-0f6f1d6c2b11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A shop, and the product service over it."""

    shop: Shop
    stub: product_service_pb2_grpc.ProductServiceStub

    def update(self, *products: product_pb2.Product, **fields: object) -> pb.UpdateSignalsResponse:
        request = pb.UpdateSignalsRequest(parent=PARENT, products=products, **fields)  # type: ignore[arg-type]
        with wire_errors("here"):
            return self.stub.UpdateSignals(request)

    def product(self, product_id: str) -> product_pb2.Product:
        return self.stub.GetProduct(pb.GetProductRequest(name=f"{PARENT}/products/{product_id}"))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A shop of two products, served."""
    with ExitStack() as stack:
        shop = open_shop(store_path(tmp_path), ExactEngine(), closing=stack)
        shop.writer.write("shop", [item("a", price=10.0, stock=1), item("b", price=20.0)])
        service = ProductService(
            writer=shop.writer,
            rows_of=shop.catalogs.rows,
            once=Once(shop.store.answers),
            tokens=PageTokens(TokenSigner(b"k" * 32)),
        )
        threads = stack.enter_context(ThreadPoolExecutor(4))
        permits = Permits.of(calls=4, streams=2)
        interceptor = CallInterceptor(permits=permits, metrics=Metrics())
        server = grpc.server(threads, interceptors=[interceptor])
        product_service_pb2_grpc.add_ProductServiceServicer_to_server(service, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        stack.callback(lambda: server.stop(1).wait())
        channel = stack.enter_context(open_channel(f"127.0.0.1:{port}"))
        yield Served(shop=shop, stub=product_service_pb2_grpc.ProductServiceStub(channel))


def changed(product_id: str, **fields: object) -> product_pb2.Product:
    return product_pb2.Product(name=f"{PARENT}/products/{product_id}", **fields)  # type: ignore[arg-type]


def test_what_is_updated_is_returned_by_the_next_call(served: Served) -> None:
    before = served.product("a")
    price = Money(currency_code="USD", units=7, nanos=500_000_000)

    response = served.update(changed("a", price=price, stock=9), changed("b", stock=0))

    assert (response.updated_count, list(response.missing_products)) == (2, [])
    after = served.product("a")
    assert (after.price, after.stock, after.title) == (price, 9, before.title)
    assert after.update_time.ToNanoseconds() >= before.update_time.ToNanoseconds()
    assert (served.product("b").stock, served.product("b").price.units) == (0, 20)


def test_a_product_that_is_not_there(served: Served) -> None:
    wanted = [changed("a", stock=5), changed("absent", stock=5)]
    with pytest.raises(NotFound) as caught:
        served.update(*wanted)
    assert caught.value.reason == "PRODUCT_NOT_FOUND"
    assert "absent" in caught.value.message
    assert served.product("a").stock == 1

    response = served.update(*wanted, allow_missing=True)
    assert response.updated_count == 1
    assert list(response.missing_products) == [f"{PARENT}/products/absent"]
    assert served.product("a").stock == 5


def test_one_wrong_product_refuses_the_call(served: Served) -> None:
    with pytest.raises(InvalidRequest) as caught:
        served.update(changed("a", stock=5), changed("b", stock=-5))
    assert [each.field for each in caught.value.violations] == ["products[1].stock"]
    assert served.product("a").stock == 1


def test_an_update_sent_again_is_answered_and_not_done_again(served: Served) -> None:
    first = served.update(changed("a", stock=5), request_id=ID)
    served.update(changed("a", stock=6))

    assert served.update(changed("a", stock=5), request_id=ID) == first
    assert served.product("a").stock == 6
    with pytest.raises(InvalidRequest) as caught:
        served.update(changed("a", stock=7), request_id=ID)
    assert caught.value.reason == "REQUEST_ID_REUSED"
