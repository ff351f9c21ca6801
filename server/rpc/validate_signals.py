"""Checks requests that update signals: everything is found before anything is written."""

from __future__ import annotations

from collections.abc import Iterable

from omnishelf.v1 import product_pb2
from omnishelf.v1 import product_service_pb2 as pb

from server.catalog.codec import to_record
from server.ingest.messages import price_violations
from server.ingest.signals import SIGNAL_FIELDS, SignalUpdate
from server.ingest.validate import signal_violations
from server.rpc.names import parse_catalog_name, parse_product_name
from server.rpc.violations import Violations

MOST_UPDATES = 1_000


def check_signals(request: pb.UpdateSignalsRequest) -> tuple[str, list[SignalUpdate]]:
    """The catalog, and what to write of each product.

    Raises:
        InvalidRequest: Every violation of the parent, the mask and the products.
    """
    violations = Violations()
    catalog = ""
    with violations.collecting():
        catalog = parse_catalog_name(request.parent, field="parent")
    count = len(request.products)
    if not 1 <= count <= MOST_UPDATES:
        description = f"it has {count:,} products; send 1 to {MOST_UPDATES:,}"
        violations.add("products", "PRODUCT_COUNT", description)
        violations.raise_any()
    fields = _masked(request.update_mask.paths, violations)
    updates = [
        _update(product, fields=fields, place=place, catalog=catalog, violations=violations)
        for place, product in enumerate(request.products)
    ]
    _refuse_repeated((product.name for product in request.products), violations)
    violations.raise_any()
    return catalog, updates


def _masked(paths: Iterable[str], violations: Violations) -> frozenset[str]:
    """The fields of the mask; none where there is no mask."""
    known = ", ".join(SIGNAL_FIELDS)
    for path in paths:
        if path not in SIGNAL_FIELDS:
            description = f"{path[:40]!r} cannot be updated alone; name some of {known}"
            violations.add("update_mask", "MASK_PATH_UNKNOWN", description)
    return frozenset(paths)


def _update(
    product: product_pb2.Product,
    *,
    fields: frozenset[str],
    place: int,
    catalog: str,
    violations: Violations,
) -> SignalUpdate:
    at = f"products[{place}]"
    with violations.collecting():
        parse_product_name(product.name, field=f"{at}.name", catalog=catalog or None)
    sent = frozenset(name for name in SIGNAL_FIELDS if product.HasField(name))  # type: ignore[arg-type]
    if not fields and not sent:
        description = f"has nothing to write; set some of {', '.join(SIGNAL_FIELDS)}"
        violations.add(at, "NOTHING_TO_WRITE", description)
    written = fields or sent
    read = product_pb2.Product(name=product.name)
    for name in sent & written:
        if name == "stock":
            read.stock = product.stock
        else:
            getattr(read, name).CopyFrom(getattr(product, name))
    record = to_record(read)
    wrong = {
        each.field: each
        for each in (
            *signal_violations(record, field=f"{at}."),
            *price_violations(read, field=f"{at}."),
        )
    }
    for each in wrong.values():
        violations.add(each.field, each.reason, each.description)
    return SignalUpdate(record=record, fields=written, field=f"{at}.")


def _refuse_repeated(names: Iterable[str], violations: Violations) -> None:
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            description = f"{name[:60]!r} stands before in the same call; send it once"
            violations.add(f"products[{place}].name", "ID_REPEATED", description)
        seen.add(name)
