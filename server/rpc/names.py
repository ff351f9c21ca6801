"""Resource names (AIP-122): `catalogs/{catalog}` and `catalogs/{catalog}/products/{product}`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from server.errors import InvalidRequest, Violation

_CATALOG = r"[A-Za-z][A-Za-z0-9._-]{0,127}"
_CATALOG_NAME = re.compile(rf"catalogs/({_CATALOG})")
_PRODUCT_NAME = re.compile(rf"catalogs/({_CATALOG})/products/([A-Za-z0-9._-]{{1,128}})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductName:
    """A product's name in its two parts."""

    catalog: str
    product_id: str


def catalog_name(catalog: str) -> str:
    """The resource name of a catalog.

    Example:
        >>> catalog_name("luma")
        'catalogs/luma'
    """
    return f"catalogs/{catalog}"


def parse_catalog_name(name: str, *, field: str) -> str:
    """The catalog that a name means.

    Raises:
        InvalidRequest: ``CATALOG_NAME_INVALID`` of ``field``.

    Example:
        >>> parse_catalog_name("catalogs/luma", field="parent")
        'luma'
    """
    match = _CATALOG_NAME.fullmatch(name)
    if match is None:
        description = (
            "write catalogs/{catalog}, where {catalog} is 1 to 128 of letters, digits, '.', '_', "
            f"'-' and starts with a letter{_got(name)}"
        )
        raise InvalidRequest(
            [Violation(field=field, reason="CATALOG_NAME_INVALID", description=description)]
        )
    return match[1]


def parse_product_name(name: str, *, field: str, catalog: str | None = None) -> ProductName:
    """The product that a name means; of that catalog alone, where one is given.

    Raises:
        InvalidRequest: ``PRODUCT_NAME_INVALID`` or ``PRODUCT_OTHER_CATALOG`` of ``field``.

    Example:
        >>> parse_product_name("catalogs/luma/products/7", field="name").product_id
        '7'
    """
    match = _PRODUCT_NAME.fullmatch(name)
    if match is None:
        reason = "PRODUCT_NAME_INVALID"
        description = (
            "write catalogs/{catalog}/products/{product}, where both are 1 to 128 of letters, "
            f"digits, '.', '_', '-' and the catalog starts with a letter{_got(name)}"
        )
        raise InvalidRequest([Violation(field=field, reason=reason, description=description)])
    if catalog is not None and match[1] != catalog:
        reason = "PRODUCT_OTHER_CATALOG"
        description = f"name a product of catalog {catalog!r}, not of {match[1]!r}"
        raise InvalidRequest([Violation(field=field, reason=reason, description=description)])
    return ProductName(catalog=match[1], product_id=match[2])


def _got(name: str) -> str:
    return f", not {name[:60]!r}" if name else "; it is empty"
