"""Products in: checked, decoded, embedded and committed, a batch at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from server.catalog.catalogs import Catalog, Catalogs
from server.catalog.codec import to_message
from server.catalog.rows import StoredProduct
from server.catalog.vector_bytes import pack
from server.deadline import Deadline
from server.encoders.protocol import Encoder
from server.errors import FailedPrecondition, InvalidRequest
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
from server.ingest.embed import embed_pictures, embed_texts, embed_values
from server.ingest.incoming import IncomingProduct, WriteOutcome, WriteStatus
from server.ingest.kept_pictures import kept_pictures
from server.ingest.recovery import Recovered, finish_deletion, recover
from server.retrieval.analysis import Analyzer

BATCH_PRODUCTS = 32

Target = Callable[[], Catalog]
"""Where to write, asked once there is something to write."""


class ProductWriter:
    """Writes products to catalogs. Any thread; batches of one process are committed in turn."""

    def __init__(
        self, *, catalogs: Catalogs, encoder: Encoder, analyzer: Analyzer, threads: int = 2
    ) -> None:
        """``threads`` decode pictures, and as many encode those decoded before."""
        self._catalogs = catalogs
        self._encoder = encoder
        self._analyzer = analyzer
        self._decoder = PictureDecoder(encoder.manifest.image, threads=threads)
        self._encoding = ThreadPoolExecutor(threads, thread_name_prefix="encode")
        self._committing = threading.Lock()
        self._unfinished: set[int] = set()

    def write(
        self,
        catalog: str,
        items: Sequence[IncomingProduct],
        *,
        all_or_none: bool = False,
        deadline: Deadline | None = None,
    ) -> list[WriteOutcome]:
        """Write products, replacing those of the same ids; the catalog is made if need be.

        Returns:
            One outcome an item, in order. Of items with one id the last that can be written counts.

        Raises:
            InvalidRequest: the catalog's name is malformed; or, with ``all_or_none``, every
                violation of every item, repeated ids among them: nothing was written.
            FailedPrecondition: the catalog was indexed with another bundle.
            Unavailable, DeadlineExceeded: batches before this one are written; of this one nothing
                is, or all of it is once the next write or start has recovered it.
        """
        target = self._target(catalog)
        until = deadline or Deadline.never()
        if all_or_none:
            return self._write_all(target, items, deadline=until)
        return _superseded(list(self._stream(target, items, deadline=until)))

    def stream(self, catalog: str, items: Iterable[IncomingProduct]) -> Iterator[WriteOutcome]:
        """Write any number of products: one outcome an item, in order, as batches are done.

        Raises: as `write`. A product that comes again is written again.
        """
        return self._stream(self._target(catalog), items, deadline=Deadline.never())

    def replace(self, catalog: str, items: Iterable[IncomingProduct]) -> Iterator[WriteOutcome]:
        """Write a catalog anew beside the one served, which it replaces after the last item.

        If the caller stops early, or anything is raised, the one served stays.

        Raises: as `write`.
            FailedPrecondition: no item could be written, or another process replaced the catalog.
        """
        with self._catalogs.replacing(catalog) as fresh:
            yield from self._stream(lambda: fresh, items, deadline=Deadline.never())
            if not len(fresh.table):
                message = "no product could be written, so the catalog stays as it was"
                raise FailedPrecondition(message, reason="NOTHING_WRITTEN")

    def delete(self, catalog: str, ids: Sequence[str]) -> list[str]:
        """Remove products; the ids of those that were there.

        Raises:
            NotFound: there is no such catalog.
        """
        found = self._catalogs.get(catalog)
        with self._committing:
            there = found.products.mark_deleting(ids)
            self._finishing(found, lambda: finish_deletion(found, there))
        return there

    def recover(self) -> dict[str, Recovered]:
        """Finish what died with an earlier process, by catalog; before any write or search."""
        with self._committing:
            return {
                name: recover(self._catalogs.get(name), analyzer=self._analyzer)
                for name in self._catalogs.names()
            }

    def close(self) -> None:
        """Give back the threads. Calling it again does nothing."""
        self._decoder.close()
        self._encoding.shutdown(cancel_futures=True)

    def _target(self, catalog: str) -> Target:
        return lambda: self._catalogs.get_or_create(catalog)

    def _stream(
        self, target: Target, items: Iterable[IncomingProduct], *, deadline: Deadline
    ) -> Iterator[WriteOutcome]:
        """Keep one batch decoding while the one before it is encoded."""
        waiting: list[CheckedProduct] = []
        for batch in distinct_batches(items, size=BATCH_PRODUCTS):
            decoding = [check(item, decoder=self._decoder) for item in batch]
            yield from self._finish(target, waiting, deadline=deadline)
            waiting = decoding
        yield from self._finish(target, waiting, deadline=deadline)

    def _write_all(
        self, target: Target, items: Sequence[IncomingProduct], *, deadline: Deadline
    ) -> list[WriteOutcome]:
        repeated = repeated_ids(items)
        checked = [check(item, decoder=self._decoder) for item in items]
        settled = [settle(each) for each in checked]
        violations = [
            violation
            for place, each in enumerate(settled)
            for violation in (*each.violations, *filter(None, [repeated.get(place)]))
        ]
        if violations:
            raise InvalidRequest(violations)
        return self._write_settled(target, settled, deadline=deadline)

    def _finish(
        self, target: Target, checked: Sequence[CheckedProduct], *, deadline: Deadline
    ) -> list[WriteOutcome]:
        settled = [settle(each) for each in checked]
        good = [each for each in settled if not each.violations]
        written = iter(self._write_settled(target, good, deadline=deadline))
        return [_refused(each) if each.violations else next(written) for each in settled]

    def _write_settled(
        self, target: Target, settled: Sequence[SettledProduct], *, deadline: Deadline
    ) -> list[WriteOutcome]:
        """Embed and commit products without violations, each id once."""
        if not settled:
            return []
        now = time.time()
        records = [replace(each.item.record, update_seconds=now) for each in settled]
        text = embed_texts(records, encoder=self._encoder, deadline=deadline)
        pixels = [each.pixels for each in settled]
        image, has_image = embed_pictures(
            pixels, encoder=self._encoder, deadline=deadline, pool=self._encoding
        )
        texts = pack(text, has=[True] * len(records))
        images = pack(image, has=has_image.tolist())
        with self._committing:
            catalog = target()
            self._finish_interrupted(catalog)
            values = embed_values(
                catalog.table.missing_values(records), encoder=self._encoder, deadline=deadline
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
                rows, values=values, analyzer=self._analyzer, dimension=catalog.index.dimension
            )
            deadline.check("writing")
            self._finishing(catalog, lambda: commit(catalog, batch))
        return [
            WriteOutcome(product_id=row.id, status=WriteStatus.WRITTEN, payload=row.payload)
            for row in rows
        ]

    def _finishing(self, catalog: Catalog, work: Callable[[], None]) -> None:
        """Do work that leaves rows unfinished if it fails."""
        self._unfinished.add(catalog.generation)
        work()
        self._unfinished.discard(catalog.generation)

    def _finish_interrupted(self, catalog: Catalog) -> None:
        if catalog.generation in self._unfinished:
            recover(catalog, analyzer=self._analyzer)
            self._unfinished.discard(catalog.generation)


def _refused(settled: SettledProduct) -> WriteOutcome:
    return WriteOutcome(
        product_id=settled.item.record.id,
        status=WriteStatus.REFUSED,
        violations=settled.violations,
    )


def _superseded(outcomes: list[WriteOutcome]) -> list[WriteOutcome]:
    """Mark written products that a later written one of the same id replaced."""
    last = {
        outcome.product_id: place
        for place, outcome in enumerate(outcomes)
        if outcome.status is WriteStatus.WRITTEN
    }
    return [
        replace(outcome, status=WriteStatus.SUPERSEDED, payload=b"")
        if outcome.status is WriteStatus.WRITTEN and last[outcome.product_id] != place
        else outcome
        for place, outcome in enumerate(outcomes)
    ]
