"""Checks requests that write products; `server.ingest` checks the products themselves."""

from __future__ import annotations

from dataclasses import replace

from omnishelf.v1 import product_service_pb2 as pb

from server.errors import Violation
from server.ingest.incoming import IncomingProduct
from server.ingest.messages import read_message
from server.rpc.names import catalog_name, parse_catalog_name
from server.rpc.violations import Violations

MOST_PRODUCTS = 256


def check_batch(request: pb.BatchUpsertProductsRequest) -> tuple[str, list[IncomingProduct]]:
    """The catalog and the products of a batch, each with what is wrong with it.

    Raises:
        InvalidRequest: The parent is wrong, or there are none or too many products.
    """
    violations = Violations()
    catalog = ""
    with violations.collecting():
        catalog = parse_catalog_name(request.parent, field="parent")
    count = len(request.products)
    if not 1 <= count <= MOST_PRODUCTS:
        description = f"it has {count} products; send 1 to {MOST_PRODUCTS}"
        violations.add("products", "PRODUCT_COUNT", description)
    violations.raise_any()
    return catalog, [
        read_message(product, catalog=catalog, field=f"products[{place}].")
        for place, product in enumerate(request.products)
    ]


def check_imported(request: pb.ImportProductsRequest, *, catalog: str) -> IncomingProduct:
    """One product of a stream into a catalog, with what is wrong with it.

    Paths of violations begin at the product: its status is what they stand in.
    """
    item = read_message(request.product, catalog=catalog)
    if request.parent in ("", catalog_name(catalog)):
        return item
    changed = Violation(
        field="parent",
        reason="PARENT_CHANGED",
        description=f"one stream writes to one catalog, here {catalog_name(catalog)}",
    )
    return replace(item, violations=(changed, *item.violations))
