"""How much of a stored product is shown, and a serialized product cut down to it."""

from __future__ import annotations

from enum import IntEnum

from omnishelf.v1 import product_pb2


class Detail(IntEnum):
    """How much of a product is shown."""

    WHOLE = 0
    LISTED = 1
    """What a list of hits shows: no descriptions in any language, no attributes."""


def cut(payload: bytes, detail: Detail) -> bytes:
    """A serialized `omnishelf.v1.Product` with no more than is shown of it."""
    if detail is Detail.WHOLE:
        return payload
    product = product_pb2.Product.FromString(payload)
    product.ClearField("description")
    product.ClearField("attributes")
    for translation in product.translations.values():
        translation.ClearField("description")
    return product.SerializeToString(deterministic=True)
