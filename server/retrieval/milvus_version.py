"""Which Milvus servers can hold an index of ours."""

from __future__ import annotations

import re
from typing import Final

from server.errors import FailedPrecondition

OLDEST: Final = (2, 4)
"""The first with several vector fields, and with sparse ones, in one collection."""

_VERSION = re.compile(r"v?(\d+)\.(\d+)")


def refuse_old(version: str) -> None:
    """Refuse a server that is too old; one that does not say how old it is may try.

    Raises:
        FailedPrecondition: ``MILVUS_TOO_OLD``.

    Example:
        >>> refuse_old("v2.5.4")
    """
    said = _VERSION.match(version)
    if said is not None and (int(said[1]), int(said[2])) < OLDEST:
        raise FailedPrecondition(
            f"Milvus is {version} there, and an index needs {OLDEST[0]}.{OLDEST[1]} or later; "
            "update it, or take the embedded engine",
            reason="MILVUS_TOO_OLD",
        )
