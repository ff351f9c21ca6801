"""Products in: checked, decoded, embedded and committed, a batch at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from server.catalog.catalogs import Catalog, Catalogs
from server.deadline import Deadline
from server.encoders.cache import uncached
from server.encoders.shelf import HeldBundle
from server.errors import FailedPrecondition
from server.ingest.batches import BatchWriting
from server.ingest.decode import PictureDecoder
from server.ingest.incoming import IncomingProduct, WriteOutcome, WriteStatus
from server.ingest.recovery import finish_deletion
from server.ingest.signals import SignalsWritten, SignalUpdate, write_signals
from server.ingest.turns import WriteTurns
from server.retrieval.analysis import Analyzer

_MOST_THREADS = 8

WriteBatch = Callable[[Sequence[IncomingProduct]], list[WriteOutcome]]
"""Writes some products: one outcome an item, in order."""


class ProductWriter:
    """Writes products to catalogs. Any thread; batches of one process are committed in turn.

    Products are embedded with the bundle of their catalog, past the cache of queries.
    """

    def __init__(
        self, *, catalogs: Catalogs, analyzer: Analyzer, threads: int | None = None
    ) -> None:
        """``threads`` decode pictures, and as many encode those decoded before.

        Without, as many as there are cores to use, up to what batches keep busy.
        """
        self._catalogs = catalogs
        self._analyzer = analyzer
        threads = threads or min(_cores(), _MOST_THREADS)
        self._decoding = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        self._encoding = ThreadPoolExecutor(threads, thread_name_prefix="encode")
        self.turns = WriteTurns(analyzer)

    def open_catalogs(self) -> None:
        """Open catalogs whose bundles are open; finish in each what died with a process before.

        Raises: as `Catalogs.load`, and Unavailable where the engine does not answer.
        """
        self._catalogs.load(prepare=self.turns.recover)

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
            FailedPrecondition: the catalog was indexed with a bundle that is not open.
            Unavailable, DeadlineExceeded: batches before this one are written; of this one nothing
                is, or all of it is once the next write or start has recovered it. So too while the
                catalog is being replaced: ``CATALOG_BEING_REPLACED``, ``CATALOG_REPLACED``.
        """
        until = deadline or Deadline.never()
        with self._writing_to(catalog) as writing:
            if all_or_none:
                return writing.all_or_none(items, deadline=until)
            return _superseded(list(writing.stream(items, deadline=until)))

    def stream(self, catalog: str, items: Iterable[IncomingProduct]) -> Iterator[WriteOutcome]:
        """Write any number of products: one outcome an item, in order, as batches are done.

        Raises: as `write`. A product that comes again is written again.
        """
        with self._writing_to(catalog) as writing:
            yield from writing.stream(items, deadline=Deadline.never())

    def replace(self, catalog: str, items: Iterable[IncomingProduct]) -> Iterator[WriteOutcome]:
        """Write a catalog anew beside the one served, which it replaces after the last item.

        If the caller stops early, or anything is raised, the one served stays.

        Raises: as `replacing`.
        """
        with self._writing_anew(catalog) as writing:
            yield from writing.stream(items, deadline=Deadline.never())

    @contextmanager
    def replacing(self, catalog: str) -> Iterator[WriteBatch]:
        """As `replace`, for products that come in batches: the block is given what writes one.

        The current bundle embeds. Until the block ends nobody else writes to the catalog, and the
        one before answers; it is dropped once the searches that began on it have ended.

        Raises: as `write`.
            FailedPrecondition: no item could be written, or another process replaced the catalog.
        """
        with self._writing_anew(catalog) as writing:
            yield lambda items: _superseded(list(writing.stream(items, deadline=Deadline.never())))

    def delete(self, catalog: str, ids: Sequence[str]) -> list[str]:
        """Remove products; the ids of those that were there.

        Raises:
            NotFound: there is no such catalog.
            Unavailable: the catalog is being replaced, or a part does not answer.
        """
        with self.turns.writing_to(lambda: self._catalogs.to_delete_from(catalog)) as found:
            there = found.products.mark_deleting(ids)
            finish_deletion(found, there)
        return there

    def update_signals(
        self, catalog: str, updates: Sequence[SignalUpdate], *, allow_missing: bool = False
    ) -> SignalsWritten:
        """Change prices, stock, ratings and sales of products; see `server.ingest.signals`.

        Raises:
            NotFound: there is no such catalog, or not all of the products.
            InvalidRequest, FailedPrecondition, Unavailable: as `write_signals` and `delete`.
        """
        with self.turns.writing_to(lambda: self._catalogs.to_delete_from(catalog)) as found:
            return write_signals(
                found, updates, allow_missing=allow_missing, analyzer=self._analyzer
            )

    def close(self) -> None:
        """Give back the threads. Calling it again does nothing."""
        self._decoding.shutdown(cancel_futures=True)
        self._encoding.shutdown(cancel_futures=True)

    @contextmanager
    def _writing_to(self, catalog: str) -> Iterator[BatchWriting]:
        bundle = self._catalogs.bundle_to_write(catalog)
        bundle_id = bundle.manifest.id
        try:
            with self._writing(
                bundle, lambda: self._catalogs.to_write(catalog, bundle_id=bundle_id)
            ) as writing:
                yield writing
        finally:
            bundle.give_back()

    @contextmanager
    def _writing_anew(self, catalog: str) -> Iterator[BatchWriting]:
        with ExitStack() as stack:
            # A write under way is in the old build before the new one begins, or is refused.
            with self.turns.between_writes():
                fresh = stack.enter_context(self._catalogs.replacing(catalog))
            with self._writing(fresh.bundle, lambda: fresh) as writing:
                yield writing
            if not len(fresh.table):
                message = "no product could be written, so the catalog stays as it was"
                raise FailedPrecondition(message, reason="NOTHING_WRITTEN")

    @contextmanager
    def _writing(self, bundle: HeldBundle, target: Callable[[], Catalog]) -> Iterator[BatchWriting]:
        with bundle.lease() as encoder:
            yield BatchWriting(
                encoder=uncached(encoder),
                decoder=PictureDecoder(bundle.manifest.image, pool=self._decoding),
                encoding=self._encoding,
                analyzer=self._analyzer,
                turns=self.turns,
                target=target,
            )


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
