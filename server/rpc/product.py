"""The product service."""

# ruff: noqa: ARG002, N802 - gRPC names the methods and gives every one a context

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import grpc
from google.protobuf import empty_pb2
from omnishelf.v1 import product_pb2, product_service_pb2_grpc
from omnishelf.v1 import product_service_pb2 as pb

from server.deadline import Deadline
from server.errors import NotFound
from server.ingest.signals import SignalsWritten, SignalUpdate
from server.rpc.deadlines import deadline_of
from server.rpc.import_batches import ImportBatches
from server.rpc.importing import ImportWriter, imported
from server.rpc.names import parse_catalog_name, parse_product_name
from server.rpc.once import Once
from server.rpc.page_tokens import PageTokens
from server.rpc.validate_product import check_batch
from server.rpc.validate_signals import check_signals
from server.rpc.violations import Violations

DEFAULT_PAGE = 100
MOST_PAGE = 1_000


class Rows(Protocol):
    """The stored products of one catalog; any thread may ask."""

    def get_many(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Serialized products by id; ids that are not there are left out."""

    def page(self, *, after_id: str, limit: int) -> list[tuple[str, bytes]]:
        """Ids and serialized products in the order of ids, from the first after ``after_id``."""


class Writer(ImportWriter, Protocol):
    """What changes catalogs: `server.ingest.writer.ProductWriter`, or a fake."""

    def delete(self, catalog: str, ids: Sequence[str]) -> list[str]:
        """Remove products; the ids that were there."""

    def update_signals(
        self, catalog: str, updates: Sequence[SignalUpdate], *, allow_missing: bool
    ) -> SignalsWritten:
        """Change prices, stock, ratings and sales of products, each once: all, or none."""


class ProductService(product_service_pb2_grpc.ProductServiceServicer):
    """Keeps the products of catalogs."""

    def __init__(
        self,
        *,
        writer: Writer,
        rows_of: Callable[[str], Rows],
        once: Once,
        tokens: PageTokens,
    ) -> None:
        """``rows_of`` gives the rows of a catalog by its name, or raises NotFound."""
        self._writer = writer
        self._rows_of = rows_of
        self._once = once
        self._tokens = tokens

    def BatchUpsertProducts(
        self, request: pb.BatchUpsertProductsRequest, context: grpc.ServicerContext
    ) -> pb.BatchUpsertProductsResponse:
        """Write all products of the batch, or none."""
        deadline = deadline_of(context, default_seconds=math.inf)
        return self._once.answer(
            request,
            lambda: self._upsert(request, deadline=deadline),
            request_id=request.request_id,
            kind=pb.BatchUpsertProductsResponse,
        )

    def GetProduct(
        self, request: pb.GetProductRequest, context: grpc.ServicerContext
    ) -> product_pb2.Product:
        """One product as stored."""
        name = parse_product_name(request.name, field="name")
        found = self._rows_of(name.catalog).get_many([name.product_id])
        if name.product_id not in found:
            raise _not_found(request.name)
        return product_pb2.Product.FromString(found[name.product_id])

    def UpdateSignals(
        self, request: pb.UpdateSignalsRequest, context: grpc.ServicerContext
    ) -> pb.UpdateSignalsResponse:
        """Change what varies by the minute of all products of the call, or of none."""
        return self._once.answer(
            request,
            lambda: self._update_signals(request),
            request_id=request.request_id,
            kind=pb.UpdateSignalsResponse,
        )

    def DeleteProduct(
        self, request: pb.DeleteProductRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Remove one product."""
        return self._once.answer(
            request,
            lambda: self._delete(request),
            request_id=request.request_id,
            kind=empty_pb2.Empty,
        )

    def ListProducts(
        self, request: pb.ListProductsRequest, context: grpc.ServicerContext
    ) -> pb.ListProductsResponse:
        """One page of a catalog in the order of ids."""
        catalog, after_id, size = self._asked_page(request)
        rows = self._rows_of(catalog).page(after_id=after_id, limit=size + 1)
        response = pb.ListProductsResponse(
            products=[product_pb2.Product.FromString(payload) for _, payload in rows[:size]]
        )
        if len(rows) > size:
            response.next_page_token = self._tokens.write_list(catalog, after_id=rows[size - 1][0])
        return response

    def ImportProducts(
        self,
        request_iterator: Iterator[pb.ImportProductsRequest],
        context: grpc.ServicerContext,
    ) -> Iterator[pb.ImportProductsResponse]:
        """Write batch after batch, answering each before the next is written."""
        with ImportBatches(request_iterator) as batches:
            yield from imported(batches, writer=self._writer)

    def _upsert(
        self, request: pb.BatchUpsertProductsRequest, *, deadline: Deadline
    ) -> pb.BatchUpsertProductsResponse:
        catalog, items = check_batch(request)
        outcomes = self._writer.write(catalog, items, all_or_none=True, deadline=deadline)
        return pb.BatchUpsertProductsResponse(
            products=[product_pb2.Product.FromString(outcome.payload) for outcome in outcomes]
        )

    def _update_signals(self, request: pb.UpdateSignalsRequest) -> pb.UpdateSignalsResponse:
        catalog, updates = check_signals(request)
        written = self._writer.update_signals(catalog, updates, allow_missing=request.allow_missing)
        return pb.UpdateSignalsResponse(
            updated_count=written.updated,
            missing_products=[f"{request.parent}/products/{each}" for each in written.missing],
        )

    def _delete(self, request: pb.DeleteProductRequest) -> empty_pb2.Empty:
        name = parse_product_name(request.name, field="name")
        try:
            removed = self._writer.delete(name.catalog, [name.product_id])
        except NotFound:
            removed = []
        if not removed and not request.allow_missing:
            raise _not_found(request.name)
        return empty_pb2.Empty()

    def _asked_page(self, request: pb.ListProductsRequest) -> tuple[str, str, int]:
        violations = Violations()
        catalog = after_id = ""
        with violations.collecting():
            catalog = parse_catalog_name(request.parent, field="parent")
        if request.page_token:
            with violations.collecting():
                after_id = self._tokens.read_list(request.page_token, catalog=catalog)
        size = violations.page_size(request.page_size, default=DEFAULT_PAGE, most=MOST_PAGE)
        violations.raise_any()
        return catalog, after_id, size


def _not_found(name: str) -> NotFound:
    return NotFound(f"there is no {name}", reason="PRODUCT_NOT_FOUND", name=name)
