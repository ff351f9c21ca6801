"""What a process that died left undone, done from the store alone."""

from __future__ import annotations

from dataclasses import dataclass

from server.catalog.catalogs import Catalog
from server.catalog.tables import RowState
from server.ingest.commit import make_batch, publish
from server.retrieval.analysis import Analyzer

_BATCH_ROWS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """How many products were indexed, and how many were removed."""

    indexed: int
    removed: int


def recover(catalog: Catalog, *, analyzer: Analyzer) -> Recovered:
    """Index every pending row and remove every row that was being deleted.

    Doing it again changes nothing, so it may itself be interrupted at any point. Nobody else may
    write to the catalog meanwhile.
    """
    indexed = removed = 0
    while rows := catalog.products.unfinished(RowState.PENDING, limit=_BATCH_ROWS):
        batch = make_batch(
            rows,
            values=catalog.products.value_vectors(),
            analyzer=analyzer,
            dimension=catalog.index.dimension,
        )
        publish(catalog, batch)
        indexed += len(rows)
    while rows := catalog.products.unfinished(RowState.DELETING, limit=_BATCH_ROWS):
        finish_deletion(catalog, [row.id for row in rows])
        removed += len(rows)
    return Recovered(indexed=indexed, removed=removed)


def finish_deletion(catalog: Catalog, ids: list[str]) -> None:
    """Remove products that are marked as deleting from the index, the store and the table."""
    catalog.table.remove(ids)
    catalog.index.delete(ids)
    catalog.products.delete(ids)
