"""What a writer of products takes and gives: products on their way in, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from server.catalog.record import ProductRecord
from server.errors import Violation


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingProduct:
    """One product to write.

    ``picture`` is the bytes of the main picture. None means: none, or, where the record's first
    ``image_uris`` entry is the one stored before, the picture as it was. ``picture_field`` is where
    the caller wrote it; ``field`` stands before the paths of the record's own fields
    (``products[3].``), and ``id_field`` is what the caller calls the id. ``violations`` are those
    found while the record was read; with any, the product is refused.
    """

    record: ProductRecord
    picture: bytes | None = None
    picture_field: str = "image"
    field: str = ""
    id_field: str = "id"
    violations: tuple[Violation, ...] = ()


class WriteStatus(StrEnum):
    """What became of a product."""

    WRITTEN = "written"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOutcome:
    """One product's end, in the order they came.

    WRITTEN products are durable and searchable, and ``payload`` is the serialized
    `omnishelf.v1.Product` as stored. A REFUSED one names every violation. A SUPERSEDED one was
    replaced by a later product of the same id in the same call.
    """

    product_id: str
    status: WriteStatus
    violations: tuple[Violation, ...] = ()
    payload: bytes = b""
