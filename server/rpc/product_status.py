"""What became of imported products, as the wire says it."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from omnishelf.v1 import product_service_pb2 as pb

from server.errors import InvalidRequest
from server.ingest.incoming import WriteOutcome, WriteStatus
from server.rpc.status import DOMAIN, status_of


def import_response(
    batch: Sequence[pb.ImportProductsRequest], outcomes: Sequence[WriteOutcome]
) -> pb.ImportProductsResponse:
    """One status a product, in the order they were sent."""
    response = pb.ImportProductsResponse()
    for request, outcome in zip(batch, outcomes, strict=True):
        response.statuses.add(name=request.product.name, row=request.row, status=_status(outcome))
    return response


def _status(outcome: WriteOutcome) -> status_pb2.Status:
    if outcome.status is WriteStatus.WRITTEN:
        return status_pb2.Status()
    if outcome.status is WriteStatus.REFUSED:
        return status_of(InvalidRequest(outcome.violations))
    return _superseded()


def _superseded() -> status_pb2.Status:
    info = any_pb2.Any()
    info.Pack(error_details_pb2.ErrorInfo(domain=DOMAIN, reason="SUPERSEDED"))
    return status_pb2.Status(
        code=grpc.StatusCode.ABORTED.value[0],
        message="a later product of the same name in the same batch was written instead",
        details=[info],
    )
