"""Prices, stock, ratings and sales of stored products: written, filtered by and ranked by."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from omnishelf.v1 import product_pb2

from server.catalog.catalogs import Catalog
from server.catalog.codec import to_message, to_record
from server.catalog.record import ProductRecord
from server.catalog.rows import Rewritten
from server.errors import InvalidRequest, NotFound, Violation
from server.ingest.commit import make_batch, reindex
from server.retrieval.analysis import Analyzer

SIGNAL_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "price": ("price",),
    "list_price": ("list_price",),
    "stock": ("stock",),
    "rating": ("rating", "rating_count"),
    "sales": ("units_1_day", "units_7_days", "units_30_days"),
}
"""Fields of `omnishelf.v1.Product` that may be updated alone, and what they are in a record."""

_FILTERED: Final = ("price", "stock", "rating")
_NAMED_MISSING = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalUpdate:
    """What to write of one product: the ``fields`` (of `SIGNAL_FIELDS`) as they are in ``record``.

    The rest of the record is not looked at, but its id, and its currency where it has a price.
    ``field`` stands before the paths of violations (``products[3].``).
    """

    record: ProductRecord
    fields: frozenset[str]
    field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsWritten:
    """How many products were changed, and the ids of those that are not there."""

    updated: int
    missing: tuple[str, ...]


def write_signals(
    catalog: Catalog, updates: Sequence[SignalUpdate], *, allow_missing: bool, analyzer: Analyzer
) -> SignalsWritten:
    """Make updates durable, and let filters and searches see them; all of them or none.

    Each product is updated once. A product whose filter fields change is pending until the index
    has them, so that a process that dies in between leaves it for recovery. Only in this call's
    turn (`server.ingest.turns`).

    Raises:
        NotFound: products are not there, and ``allow_missing`` is not set; nothing was changed.
        InvalidRequest: prices would be in two currencies; nothing was changed.
        Unavailable: a part does not answer; if the store has it, recovery does the rest.
    """
    by_id = {update.record.id: update for update in updates}
    missing: list[str] = []

    def change(payloads: Mapping[str, bytes]) -> dict[str, Rewritten]:
        missing.extend(each for each in by_id if each not in payloads)
        if missing and not allow_missing:
            raise _not_found(catalog.name, missing)
        return _rewritten(payloads, by_id, catalog=catalog.name)

    rewritten = catalog.products.rewrite(list(by_id), change)
    pending = [each for each, new in rewritten.items() if new.pending]
    if pending:
        rows = list(catalog.products.find(pending).values())
        batch = make_batch(rows, values={}, analyzer=analyzer, dimension=catalog.index.dimension)
        reindex(catalog, batch)
    catalog.table.update_signals(
        [to_record(product_pb2.Product.FromString(new.payload)) for new in rewritten.values()]
    )
    return SignalsWritten(updated=len(rewritten), missing=tuple(missing))


def _rewritten(
    payloads: Mapping[str, bytes], by_id: Mapping[str, SignalUpdate], *, catalog: str
) -> dict[str, Rewritten]:
    now, violations = time.time(), []
    rewritten = {}
    for product_id, payload in payloads.items():
        stored, update = to_record(product_pb2.Product.FromString(payload)), by_id[product_id]
        if violation := _two_currencies(stored, update):
            violations.append(violation)
            continue
        message = to_message(replace(_updated(stored, update), update_seconds=now), catalog=catalog)
        after = to_record(message)
        rewritten[product_id] = Rewritten(
            payload=message.SerializeToString(deterministic=True),
            pending=any(getattr(after, name) != getattr(stored, name) for name in _FILTERED),
        )
    if violations:
        raise InvalidRequest(violations)
    return rewritten


def _updated(stored: ProductRecord, update: SignalUpdate) -> ProductRecord:
    names = [name for field in update.fields for name in SIGNAL_FIELDS[field]]
    values = {name: getattr(update.record, name) for name in names}
    if _sent_amounts(update):
        values["currency"] = update.record.currency
    return replace(stored, **values)


def _sent_amounts(update: SignalUpdate) -> list[str]:
    """Which of the two prices are written, and known."""
    return [
        name
        for name in ("price", "list_price")
        if name in update.fields and getattr(update.record, name) is not None
    ]


def _two_currencies(stored: ProductRecord, update: SignalUpdate) -> Violation | None:
    sent = _sent_amounts(update)
    kept = [
        name
        for name in ("price", "list_price")
        if name not in update.fields and getattr(stored, name) is not None
    ]
    if not sent or not kept or stored.currency == update.record.currency:
        return None
    return Violation(
        field=f"{update.field}{sent[0]}.currency_code",
        reason="CURRENCY_MISMATCH",
        description=f"the stored {kept[0]} is in {stored.currency}; send both in one currency",
    )


def _not_found(catalog: str, missing: Sequence[str]) -> NotFound:
    named = ", ".join(missing[:_NAMED_MISSING])
    further = len(missing) - _NAMED_MISSING
    message = (
        f"catalog {catalog!r} has no product {named}{f' and {further} more' * (further > 0)}; "
        "write them first, or set allow_missing; nothing was changed"
    )
    return NotFound(message, reason="PRODUCT_NOT_FOUND", catalog=catalog, products=named)
