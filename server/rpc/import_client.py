"""Products to a server elsewhere: the client's side of ImportProducts, as a sink of products."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from queue import SimpleQueue

import grpc
from google.rpc import error_details_pb2, status_pb2
from omnishelf.v1 import product_pb2, product_service_pb2_grpc
from omnishelf.v1 import product_service_pb2 as pb

from server.catalog.codec import to_message
from server.errors import OmnishelfError, Violation
from server.ingest.incoming import IncomingProduct, WriteOutcome, WriteStatus
from server.rpc.channel import wire_errors
from server.rpc.names import catalog_name

WINDOW_PRODUCTS = 128
"""Products sent ahead of their statuses: one batch being written and one waiting."""


def import_products(
    channel: grpc.Channel,
    items: Iterable[IncomingProduct],
    *,
    catalog: str,
    target: str,
    replace: bool = False,
) -> Iterator[WriteOutcome]:
    """Stream products to the server at ``target``; one outcome each, in their order.

    The stream is cancelled when the caller stops early; what was acknowledged stays written. With
    ``replace`` the catalog is written anew, and takes the old one's place when all was written.

    Raises:
        OmnishelfError: the server refused the stream, or went away.
    """
    requests: SimpleQueue[pb.ImportProductsRequest | None] = SimpleQueue()
    sent: deque[IncomingProduct] = deque()
    call = product_service_pb2_grpc.ProductServiceStub(channel).ImportProducts(
        iter(requests.get, None)
    )
    responses = iter(call)
    row = 0
    try:
        for row, item in enumerate(items, start=1):
            first = replace and row == 1
            requests.put(_request(item, row=row, catalog=catalog, replace=first))
            sent.append(item)
            if len(sent) >= WINDOW_PRODUCTS:
                yield from _acknowledged(responses, sent, target=target)
        if replace:
            # The first message of a stream says what it writes to, be it the last one too.
            parent = catalog_name(catalog)
            last = pb.ImportProductsRequest(parent=parent, replace=not row, complete=True)
            requests.put(last)
        requests.put(None)
        while sent:
            yield from _acknowledged(responses, sent, target=target)
        with wire_errors(target):
            # The end of the stream is the server's word that a replacement is served.
            next(responses, None)
    finally:
        requests.put(None)
        call.cancel()  # type: ignore[no-untyped-call] # the stub has none


def _acknowledged(
    responses: Iterator[pb.ImportProductsResponse], sent: deque[IncomingProduct], *, target: str
) -> list[WriteOutcome]:
    with wire_errors(target):
        response = next(responses, None)
    if response is None:
        message = f"the server at {target} ended the import early; run the command again"
        raise OmnishelfError(message, reason="IMPORT_ENDED")
    return [_outcome(sent.popleft(), each.status) for each in response.statuses]


def _request(
    item: IncomingProduct, *, row: int, catalog: str, replace: bool
) -> pb.ImportProductsRequest:
    product = to_message(item.record, catalog=catalog)
    if item.picture is not None:
        if not product.images:
            product.images.append(product_pb2.Image())
        product.images[0].data = item.picture
    return pb.ImportProductsRequest(
        parent=catalog_name(catalog), product=product, row=row, replace=replace
    )


def _outcome(item: IncomingProduct, status: status_pb2.Status) -> WriteOutcome:
    if status.code == 0:
        return WriteOutcome(product_id=item.record.id, status=WriteStatus.WRITTEN)
    bad = error_details_pb2.BadRequest()
    info = error_details_pb2.ErrorInfo()
    for detail in status.details:
        detail.Unpack(bad)
        detail.Unpack(info)
    violations = [
        Violation(
            field=item.picture_field if each.field.startswith("images[") else each.field,
            reason=each.reason,  # type: ignore[attr-defined] # the stub lags
            description=each.description,
        )
        for each in bad.field_violations
    ]
    whole = Violation(field=item.id_field, reason=info.reason, description=status.message)
    return WriteOutcome(
        product_id=item.record.id,
        status=WriteStatus.REFUSED,
        violations=tuple(violations) or (whole,),
    )
