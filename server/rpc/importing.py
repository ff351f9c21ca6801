"""What answers an import stream: batch after batch into a catalog, or into its replacement."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from omnishelf.v1 import product_service_pb2 as pb

from server.deadline import Deadline
from server.errors import FailedPrecondition
from server.ingest.incoming import IncomingProduct, WriteOutcome
from server.rpc.import_batches import ImportBatches
from server.rpc.names import parse_catalog_name
from server.rpc.product_status import import_response
from server.rpc.validate_product import check_imported

WriteBatch = Callable[[Sequence[IncomingProduct]], Sequence[WriteOutcome]]


class ImportWriter(Protocol):
    """What takes imported products: `server.ingest.writer.ProductWriter`, or a fake."""

    def write(
        self,
        catalog: str,
        items: Sequence[IncomingProduct],
        *,
        all_or_none: bool,
        deadline: Deadline,
    ) -> list[WriteOutcome]:
        """Write products; one outcome each, in their order."""

    def replacing(self, catalog: str) -> AbstractContextManager[WriteBatch]:
        """A block with what writes products of the catalog's new build, served at its good end."""


def imported(
    batches: ImportBatches, *, writer: ImportWriter
) -> Iterator[pb.ImportProductsResponse]:
    """Write batch after batch, answering each before the next is written.

    Raises:
        InvalidRequest: The first message names no catalog.
        FailedPrecondition: ``IMPORT_INCOMPLETE``: a replacement ended without saying that it was
            all, and the catalog stays as it was.
    """
    first = next(iter(batches), None)
    if first is None:
        return
    catalog = parse_catalog_name(first[0].parent, field="parent")
    every = itertools.chain([first], batches)
    if not first[0].replace:
        yield from _answers(every, catalog=catalog, write=_writing(writer, catalog))
        return
    last = _Last(every)
    with writer.replacing(catalog) as write:
        yield from _answers(last, catalog=catalog, write=write)
        if not last.complete:
            # A caller's leaving can look like the end of its stream: the message decides.
            message = (
                "the import ended without `complete`, so the catalog stays as it was; send it "
                "again, and `complete` in the last message"
            )
            raise FailedPrecondition(message, reason="IMPORT_INCOMPLETE", catalog=catalog)


class _Last:
    """Batches passed on, and whether the last message of all said that it was."""

    def __init__(self, batches: Iterable[Sequence[pb.ImportProductsRequest]]) -> None:
        self._batches = batches
        self.complete = False

    def __iter__(self) -> Iterator[Sequence[pb.ImportProductsRequest]]:
        for batch in self._batches:
            self.complete = batch[-1].complete
            yield batch


def _writing(writer: ImportWriter, catalog: str) -> WriteBatch:
    return lambda items: writer.write(catalog, items, all_or_none=False, deadline=Deadline.never())


def _answers(
    batches: Iterable[Sequence[pb.ImportProductsRequest]], *, catalog: str, write: WriteBatch
) -> Iterator[pb.ImportProductsResponse]:
    for batch in batches:
        sent = [each for each in batch if each.HasField("product") or not each.complete]
        if sent:
            items = [check_imported(each, catalog=catalog) for each in sent]
            yield import_response(sent, write(items))
