"""The client's side of an import, against small real servers that behave and misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from omnishelf.v1 import product_service_pb2 as pb
from omnishelf.v1 import product_service_pb2_grpc

from server.catalog.record import ProductRecord
from server.errors import InvalidRequest, OmnishelfError, Unavailable, Violation
from server.ingest.incoming import IncomingProduct, WriteStatus
from server.rpc.channel import open_channel
from server.rpc.import_client import WINDOW_PRODUCTS, import_products
from server.rpc.status import status_of

Handler = Callable[
    [Iterator[pb.ImportProductsRequest], grpc.ServicerContext],
    Iterator[pb.ImportProductsResponse],
]


class Service(product_service_pb2_grpc.ProductServiceServicer):
    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def ImportProducts(  # noqa: N802 - the name in the proto
        self,
        request_iterator: Iterator[pb.ImportProductsRequest],
        context: grpc.ServicerContext,
    ) -> Iterator[pb.ImportProductsResponse]:
        yield from self._handler(request_iterator, context)


@contextmanager
def serving(handler: Handler) -> Iterator[tuple[grpc.Channel, str]]:
    server = grpc.server(ThreadPoolExecutor(2))
    product_service_pb2_grpc.add_ProductServiceServicer_to_server(
        Service(handler),  # type: ignore[abstract] # nobody calls the other methods
        server,
    )
    target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        with open_channel(target) as channel:
            yield channel, target
    finally:
        server.stop(None).wait()


def items(count: int) -> Iterator[IncomingProduct]:
    for number in range(count):
        record = ProductRecord(
            id=f"p{number}", group_id=f"p{number}", title="Mug", image_uris=("a.png", "b.png")
        )
        yield IncomingProduct(record=record, picture=b"main", picture_field="photo")


def batches(
    requests: Iterator[pb.ImportProductsRequest], size: int
) -> Iterator[list[pb.ImportProductsRequest]]:
    batch = []
    for request in requests:
        batch.append(request)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def answer(batch: list[pb.ImportProductsRequest]) -> pb.ImportProductsResponse:
    response = pb.ImportProductsResponse()
    for request in batch:
        response.statuses.add(name=request.product.name, row=request.row)
    return response


@pytest.mark.parametrize("count", [0, 1, 64, 1_000])
def test_every_product_has_its_outcome_in_order(count: int) -> None:
    seen: list[pb.ImportProductsRequest] = []

    def handler(
        requests: Iterator[pb.ImportProductsRequest], _: grpc.ServicerContext
    ) -> Iterator[pb.ImportProductsResponse]:
        for batch in batches(requests, 64):
            seen.extend(batch)
            yield answer(batch)

    with serving(handler) as (channel, target):
        outcomes = list(import_products(channel, items(count), catalog="shop", target=target))
    assert [outcome.product_id for outcome in outcomes] == [f"p{n}" for n in range(count)]
    assert all(outcome.status is WriteStatus.WRITTEN for outcome in outcomes)
    assert [request.product.name for request in seen] == [
        f"catalogs/shop/products/p{n}" for n in range(count)
    ]
    assert all(request.parent == "catalogs/shop" for request in seen)
    assert all([image.data for image in r.product.images] == [b"main", b""] for r in seen)


def test_no_more_is_sent_ahead_than_the_window() -> None:
    received = 0
    given = threading.Event()

    def handler(
        requests: Iterator[pb.ImportProductsRequest], _: grpc.ServicerContext
    ) -> Iterator[pb.ImportProductsResponse]:
        nonlocal received
        batch = []
        for request in requests:
            received += 1
            batch.append(request)
            if len(batch) == WINDOW_PRODUCTS:
                given.set()
                yield answer(batch)
                batch = []
        yield answer(batch)

    taken = 0

    def counted() -> Iterator[IncomingProduct]:
        nonlocal taken
        for item in items(3 * WINDOW_PRODUCTS):
            taken += 1
            yield item

    with serving(handler) as (channel, target):
        outcomes = import_products(channel, counted(), catalog="shop", target=target)
        next(outcomes)
        assert given.is_set()
        assert taken == WINDOW_PRODUCTS
        assert len(list(outcomes)) == 3 * WINDOW_PRODUCTS - 1
    assert received == 3 * WINDOW_PRODUCTS


def test_a_refused_product_names_the_callers_own_fields() -> None:
    def handler(
        requests: Iterator[pb.ImportProductsRequest], _: grpc.ServicerContext
    ) -> Iterator[pb.ImportProductsResponse]:
        refused = InvalidRequest(
            [
                Violation(field="images[0].data", reason="PICTURE_FORMAT", description="no"),
                Violation(field="price", reason="OUT_OF_RANGE", description="negative"),
            ]
        )
        for request in requests:
            response = pb.ImportProductsResponse()
            response.statuses.add(name=request.product.name, status=status_of(refused))
            yield response

    with serving(handler) as (channel, target):
        (outcome,) = import_products(channel, items(1), catalog="shop", target=target)
    assert outcome.status is WriteStatus.REFUSED
    assert [(each.field, each.reason) for each in outcome.violations] == [
        ("photo", "PICTURE_FORMAT"),
        ("price", "OUT_OF_RANGE"),
    ]


def test_a_server_that_ends_early_is_an_error() -> None:
    def handler(
        requests: Iterator[pb.ImportProductsRequest], _: grpc.ServicerContext
    ) -> Iterator[pb.ImportProductsResponse]:
        yield answer([next(requests)])

    with serving(handler) as (channel, target):
        outcomes = import_products(channel, items(3), catalog="shop", target=target)
        with pytest.raises(OmnishelfError, match="ended the import early"):
            list(outcomes)


def test_a_stream_that_is_refused_raises_what_the_server_said() -> None:
    def handler(
        _: Iterator[pb.ImportProductsRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.ImportProductsResponse]:
        context.abort(grpc.StatusCode.UNAVAILABLE, "the engine is away")
        yield pb.ImportProductsResponse()

    with serving(handler) as (channel, target), pytest.raises(Unavailable):
        list(import_products(channel, items(3), catalog="shop", target=target))


def test_what_fails_while_products_are_read_is_raised_and_the_stream_cancelled() -> None:
    ended = threading.Event()

    def handler(
        requests: Iterator[pb.ImportProductsRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.ImportProductsResponse]:
        context.add_callback(ended.set)
        for batch in batches(requests, 64):
            yield answer(batch)

    def broken() -> Iterator[IncomingProduct]:
        yield from items(WINDOW_PRODUCTS + 1)
        raise RuntimeError("the file is damaged")

    with serving(handler) as (channel, target):
        with pytest.raises(RuntimeError, match="damaged"):
            list(import_products(channel, broken(), catalog="shop", target=target))
        assert ended.wait(60)


def test_a_replacement_is_asked_for_once_and_its_end_is_said_and_awaited() -> None:
    seen: list[tuple[bool, bool]] = []
    ended = threading.Event()

    def handler(
        requests: Iterator[pb.ImportProductsRequest], _: grpc.ServicerContext
    ) -> Iterator[pb.ImportProductsResponse]:
        for batch in batches(requests, 64):
            seen.extend((request.replace, request.complete) for request in batch)
            yield answer([request for request in batch if request.HasField("product")])
        ended.set()

    with serving(handler) as (channel, target):
        list(import_products(channel, items(100), catalog="shop", target=target, replace=True))
        assert ended.is_set()
    assert seen == [(True, False)] + [(False, False)] * 99 + [(False, True)]


def test_a_replacement_that_fails_at_its_end_is_an_error() -> None:
    def handler(
        requests: Iterator[pb.ImportProductsRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.ImportProductsResponse]:
        yield answer(list(requests)[:-1])
        context.abort(grpc.StatusCode.UNAVAILABLE, "the store is away")

    with serving(handler) as (channel, target), pytest.raises(Unavailable):
        list(import_products(channel, items(3), catalog="shop", target=target, replace=True))


def test_a_replacement_that_breaks_off_never_says_that_it_is_complete() -> None:
    seen: list[bool] = []

    def handler(
        requests: Iterator[pb.ImportProductsRequest], _: grpc.ServicerContext
    ) -> Iterator[pb.ImportProductsResponse]:
        for batch in batches(requests, WINDOW_PRODUCTS):
            seen.extend(request.complete for request in batch)
            yield answer(batch)

    def broken() -> Iterator[IncomingProduct]:
        yield from items(WINDOW_PRODUCTS + 1)
        raise RuntimeError("the file is damaged")

    with serving(handler) as (channel, target), pytest.raises(RuntimeError, match="damaged"):
        list(import_products(channel, broken(), catalog="shop", target=target, replace=True))
    assert len(seen) >= WINDOW_PRODUCTS
    assert not any(seen)
