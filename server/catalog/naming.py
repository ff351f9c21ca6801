"""The names of catalogs and of the indexes that are built for them."""

from __future__ import annotations

import re

from server.catalog.generations import Generation
from server.errors import InvalidRequest, Violation

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,127}")
_LONGEST_NAME = 255
_UNSAFE = re.compile(r"[^A-Za-z0-9_]+")


def check_name(name: str) -> None:
    """Refuse a name that no catalog can have.

    Raises:
        InvalidRequest: ``CATALOG_NAME_INVALID``.
    """
    if not _NAME.fullmatch(name):
        description = "name a catalog with 1 to 128 letters, digits, '.', '_', '-', a letter first"
        raise InvalidRequest(
            [Violation(field="catalog", reason="CATALOG_NAME_INVALID", description=description)]
        )


def index_name(generation: Generation) -> str:
    """``omnishelf_{catalog}_{bundle}_{n}`` in letters, digits and ``_``; n keeps it unique.

    >>> index_name(Generation(number=7, catalog="my-shop", bundle="starter_1", layout=1))
    'omnishelf_my_shop_starter_1_7'
    """
    catalog, bundle = (_UNSAFE.sub("_", part) for part in (generation.catalog, generation.bundle))
    tail = f"_{bundle}_{generation.number}"[-_LONGEST_NAME // 2 :]
    return f"omnishelf_{catalog}"[: _LONGEST_NAME - len(tail)] + tail
