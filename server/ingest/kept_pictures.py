"""Pictures that a product sent without bytes keeps from its stored version."""

from __future__ import annotations

from collections.abc import Sequence

from omnishelf.v1 import product_pb2

from server.catalog.record import ProductRecord
from server.catalog.rows import ProductRows


def kept_pictures(records: Sequence[ProductRecord], *, products: ProductRows) -> dict[str, bytes]:
    """Stored picture vectors, by id, of records whose main picture is where it was.

    A price or stock update need not send the picture again. A record that names another address, or
    none, loses the old picture.
    """
    named = {record.id: record.image_uris[0] for record in records if record.image_uris}
    if not named:
        return {}
    kept = {}
    for product_id, row in products.find(list(named)).items():
        images = product_pb2.Product.FromString(row.payload).images
        if row.image_vector and images and images[0].uri == named[product_id]:
            kept[product_id] = row.image_vector
    return kept
