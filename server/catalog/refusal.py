"""What is said of a catalog that cannot be served with the bundles that are open."""

from __future__ import annotations

from collections.abc import Sequence

from server.catalog.generations import Generation
from server.errors import FailedPrecondition


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
