"""Batches of products on their way: one is decoded, one encoded and one committed at a time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from server.catalog.catalogs import Catalog
from server.catalog.codec import to_message
from server.catalog.record import ProductRecord
from server.catalog.rows import StoredProduct
from server.catalog.vector_bytes import pack
from server.deadline import Deadline
from server.encoders.protocol import Encoder
from server.errors import InvalidRequest
from server.ingest.check import (
    CheckedProduct,
    SettledProduct,
    check,
    distinct_batches,
    repeated_ids,
    settle,
)
from server.ingest.commit import commit, make_batch
from server.ingest.decode import PictureDecoder
from server.ingest.embed import Embedding, embed_values, start_embedding
from server.ingest.incoming import IncomingProduct, WriteOutcome, WriteStatus
from server.ingest.kept_pictures import kept_pictures
from server.ingest.turns import WriteTurns
from server.retrieval.analysis import Analyzer

BATCH_PRODUCTS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A batch that is being embedded: all its products, and the records of those that can be."""

    settled: Sequence[SettledProduct]
    records: Sequence[ProductRecord]
    embedding: Embedding | None

    def abandon(self) -> None:
        if self.embedding is not None:
            self.embedding.abandon()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchWriting:
    """How one call writes: with one bundle throughout, to a catalog asked for at each commit.

    The towers have work without a pause: while a batch is committed the next one is encoded on the
    threads of ``encoding``, and the one after it is decoded.
    """

    encoder: Encoder
    decoder: PictureDecoder
    encoding: Executor
    analyzer: Analyzer
    turns: WriteTurns
    target: Callable[[], Catalog]

    def stream(
        self, items: Iterable[IncomingProduct], *, deadline: Deadline
    ) -> Iterator[WriteOutcome]:
        """Write items as they come, two batches read ahead: one outcome an item, in order."""
        waiting: list[CheckedProduct] = []
        begun: _Begun | None = None
        try:
            # Two empty ones at the end, for what is still on its way.
            for batch in itertools.chain(distinct_batches(items, size=BATCH_PRODUCTS), ([], [])):
                checked = [check(item, decoder=self.decoder) for item in batch]
                before = begun
                begun = self._begin([settle(each) for each in waiting], deadline=deadline)
                waiting = checked
                if before is not None:
                    yield from self._finish(before, deadline=deadline)
        finally:
            # The bundle may be closed after this, so nothing may still use it.
            if begun is not None:
                begun.abandon()

    def all_or_none(
        self, items: Sequence[IncomingProduct], *, deadline: Deadline
    ) -> list[WriteOutcome]:
        """Write all items in one batch.

        Raises:
            InvalidRequest: every violation of every item, repeated ids among them.
        """
        repeated = repeated_ids(items)
        checked = [check(item, decoder=self.decoder) for item in items]
        settled = [settle(each) for each in checked]
        violations = [
            violation
            for place, each in enumerate(settled)
            for violation in (*each.violations, *filter(None, [repeated.get(place)]))
        ]
        if violations:
            raise InvalidRequest(violations)
        return self._finish(self._begin(settled, deadline=deadline), deadline=deadline)

    def _begin(self, settled: Sequence[SettledProduct], *, deadline: Deadline) -> _Begun:
        """Begin to embed what has no violations."""
        now = time.time()
        good = [each for each in settled if not each.violations]
        records = [replace(each.item.record, update_seconds=now) for each in good]
        embedding = None
        if records:
            embedding = start_embedding(
                records,
                [each.pixels for each in good],
                encoder=self.encoder,
                deadline=deadline,
                pool=self.encoding,
            )
        return _Begun(settled=settled, records=records, embedding=embedding)

    def _finish(self, begun: _Begun, *, deadline: Deadline) -> list[WriteOutcome]:
        """Commit what was begun, and tell of every product what became of it."""
        rows: Iterator[StoredProduct] = iter(())
        if begun.embedding is not None:
            rows = iter(self._commit(begun.records, begun.embedding, deadline=deadline))
        return [
            _refused(each) if each.violations else _written(next(rows)) for each in begun.settled
        ]

    def _commit(
        self, records: Sequence[ProductRecord], embedding: Embedding, *, deadline: Deadline
    ) -> list[StoredProduct]:
        """Store and index products, each id once."""
        try:
            text, image = embedding.vectors()
        finally:
            embedding.abandon()
        texts = pack(text, has=[True] * len(records))
        images = pack(image, has=embedding.has.tolist())
        with self.turns.writing_to(self.target) as catalog:
            values = embed_values(
                catalog.table.missing_values(records), encoder=self.encoder, deadline=deadline
            )
            kept = kept_pictures(records, products=catalog.products)
            rows = [
                StoredProduct(
                    id=record.id,
                    payload=to_message(record, catalog=catalog.name).SerializeToString(
                        deterministic=True
                    ),
                    text_vector=text_vector,
                    image_vector=image_vector or kept.get(record.id),
                    terms=b"",
                )
                for record, text_vector, image_vector in zip(records, texts, images, strict=True)
            ]
            batch = make_batch(
                rows, values=values, analyzer=self.analyzer, dimension=catalog.index.dimension
            )
            deadline.check("writing")
            commit(catalog, batch)
        return rows


def _refused(settled: SettledProduct) -> WriteOutcome:
    return WriteOutcome(
        product_id=settled.item.record.id,
        status=WriteStatus.REFUSED,
        violations=settled.violations,
    )


def _written(row: StoredProduct) -> WriteOutcome:
    return WriteOutcome(product_id=row.id, status=WriteStatus.WRITTEN, payload=row.payload)
