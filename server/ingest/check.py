"""Incoming products checked, with their pictures decoded in the background meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

from server.arrays import UInt8Array
from server.errors import Violation
from server.ingest.decode import PictureDecoder
from server.ingest.incoming import IncomingProduct
from server.ingest.validate import record_violations


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedProduct:
    """A product whose record was checked and whose picture may still be decoding."""

    item: IncomingProduct
    violations: tuple[Violation, ...]
    decoding: Future[UInt8Array | Violation] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledProduct:
    """A product that can be written, unless it has violations."""

    item: IncomingProduct
    violations: tuple[Violation, ...]
    pixels: UInt8Array | None


def check(item: IncomingProduct, *, decoder: PictureDecoder) -> CheckedProduct:
    """Check a record and begin to decode its picture."""
    named = {violation.field for violation in item.violations}
    found = record_violations(item.record, field=item.field, id_field=item.id_field)
    # What was wrong on the wire already explains what follows from it in the record.
    fresh = tuple(violation for violation in found if violation.field not in named)
    return CheckedProduct(
        item=item, violations=(*item.violations, *fresh), decoding=decoder.start(item)
    )


def settle(checked: CheckedProduct) -> SettledProduct:
    """Wait for the picture."""
    pixels = checked.decoding.result() if checked.decoding else None
    violations = checked.violations
    if isinstance(pixels, Violation):
        violations, pixels = (*violations, pixels), None
    return SettledProduct(item=checked.item, violations=violations, pixels=pixels)


def repeated_ids(items: Iterable[IncomingProduct]) -> dict[int, Violation]:
    """By place, a violation for every item whose id stood before."""
    seen: set[str] = set()
    found = {}
    for place, item in enumerate(items):
        if item.record.id in seen:
            found[place] = Violation(
                field=f"{item.field}{item.id_field}",
                reason="ID_REPEATED",
                description=f"{item.record.id!r} stands before in the same batch; send it once",
            )
        seen.add(item.record.id)
    return found


def distinct_batches(
    items: Iterable[IncomingProduct], *, size: int
) -> Iterator[list[IncomingProduct]]:
    """Runs of at most ``size`` items in order, in none of which an id stands twice.

    So a product that comes twice is written twice, the later after the earlier.
    """
    batch: list[IncomingProduct] = []
    ids: set[str] = set()
    for item in items:
        if len(batch) == size or item.record.id in ids:
            yield batch
            batch, ids = [], set()
        batch.append(item)
        ids.add(item.record.id)
    if batch:
        yield batch
