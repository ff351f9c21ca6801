"""What is said of a catalog that cannot be served or written to now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from server.errors import FailedPrecondition, Unavailable

if TYPE_CHECKING:  # it refuses too
    from server.catalog.generations import Generation


def being_replaced(catalog: str) -> Unavailable:
    """The error for a write to a catalog whose next build is being written, here or elsewhere."""
    message = (
        f"catalog {catalog!r} is being replaced, and what is written to it now would be lost; "
        "write again when that has ended"
    )
    return Unavailable(message, reason="CATALOG_BEING_REPLACED", catalog=catalog)


def of_other_bundle(generation: Generation, *, known: Sequence[str]) -> FailedPrecondition:
    """The error for a build of another bundle than those ``known``, or of another release."""
    cause = "by another release"
    if generation.bundle not in known:
        cause = f"with encoder bundle {generation.bundle}, and this server has {', '.join(known)}"
    message = (
        f"catalog {generation.catalog!r} was indexed {cause}; index it again with: "
        f"omnishelf index CATALOG_FILE --catalog {generation.catalog} --replace"
    )
    return FailedPrecondition(message, reason="CATALOG_OF_OTHER_BUNDLE", catalog=generation.catalog)
