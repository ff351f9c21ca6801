"""A catalogue file into a catalog: rows to products, and what became of each into the report."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from server.errors import FailedPrecondition
from server.ingest.files import CatalogFile, ProductRow, RejectedRow
from server.ingest.incoming import IncomingProduct, WriteOutcome, WriteStatus
from server.ingest.report import IngestReport

Sink = Callable[[Iterable[IncomingProduct]], Iterator[WriteOutcome]]
"""Writes products as they come: one outcome a product, in their order."""


def load_file(
    file: CatalogFile,
    sink: Sink,
    *,
    report: IngestReport,
    progress: Callable[[int], None] = lambda _: None,
) -> frozenset[str]:
    """Write every product of a file; bad rows go into the report and the others go on.

    ``progress`` is told how many rows have an outcome. Products that were written stay written,
    whatever happens later, and a file that is loaded again writes them again, not twice.

    Returns:
        The ids written.
    """
    waiting: deque[ProductRow] = deque()
    written: set[str] = set()

    def incoming() -> Iterator[IncomingProduct]:
        for row in file:
            if isinstance(row, RejectedRow):
                report.reject(row)
                progress(report.rows)
                continue
            waiting.append(row)
            yield IncomingProduct(
                record=row.record, picture=row.picture, picture_field=row.picture_field
            )

    try:
        for outcome in sink(incoming()):
            row = waiting.popleft()
            if outcome.status is WriteStatus.WRITTEN:
                written.add(row.record.id)
                report.written += 1
            else:
                report.reject(_refused(row, outcome))
            progress(report.rows)
    except FailedPrecondition as error:
        # The report says of every row why; that there is nothing to serve follows from it.
        if error.reason != "NOTHING_WRITTEN":
            raise
    return frozenset(written)


def _refused(row: ProductRow, outcome: WriteOutcome) -> RejectedRow:
    return RejectedRow(
        number=row.number, product_id=outcome.product_id, violations=outcome.violations
    )
