"""A product as a call sends it to one on its way in, with what only the wire can get wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator

from google.type.money_pb2 import Money
from omnishelf.v1 import product_pb2

from server.catalog.codec import to_record
from server.errors import Violation
from server.ingest.incoming import IncomingProduct

_NAME = re.compile(r"catalogs/([^/]+)/products/([^/]+)")
_NANOS = 999_999_999


def read_message(message: product_pb2.Product, *, catalog: str, field: str = "") -> IncomingProduct:
    """Take a product message of a catalog.

    ``field`` stands before the paths of violations (``products[3].``). The main picture is the
    first image that has data. The violations that come with the result are of the name, of money
    and of images without uri and data; the writer finds the others.
    """
    main = next((place for place, image in enumerate(message.images) if image.data), None)
    violations = [
        Violation(field=f"{field}{path}", reason=reason, description=description)
        for path, reason, description in _findings(message, catalog=catalog)
    ]
    return IncomingProduct(
        record=to_record(message),
        picture=None if main is None else message.images[main].data,
        picture_field=f"{field}images[{main or 0}].data",
        field=field,
        id_field="name",
        violations=tuple(violations),
    )


def price_violations(message: product_pb2.Product, *, field: str = "") -> list[Violation]:
    """What is wrong with how a message writes its prices; ``field`` stands before the paths."""
    return [
        Violation(field=f"{field}{path}", reason=reason, description=description)
        for path, reason, description in _prices(message)
    ]


def _findings(message: product_pb2.Product, *, catalog: str) -> Iterator[tuple[str, str, str]]:
    match = _NAME.fullmatch(message.name)
    if not match or match[1] != catalog:
        description = f"write catalogs/{catalog}/products/ and the product's id"
        yield "name", "PRODUCT_NAME_INVALID", description
    yield from _prices(message)
    for place, image in enumerate(message.images):
        if not image.uri and not image.data:
            yield f"images[{place}]", "IMAGE_EMPTY", "give its uri, its data or both"


def _prices(message: product_pb2.Product) -> Iterator[tuple[str, str, str]]:
    if message.HasField("price"):
        yield from _money("price", message.price)
    if message.HasField("list_price"):
        yield from _money("list_price", message.list_price)
        currencies = {message.price.currency_code, message.list_price.currency_code}
        if message.HasField("price") and len(currencies) > 1:
            description = "has another currency than price; give both in one"
            yield "list_price.currency_code", "CURRENCY_MISMATCH", description


def _money(path: str, money: Money) -> Iterator[tuple[str, str, str]]:
    if not money.currency_code:
        description = "write an ISO 4217 code such as 'USD'"
        yield f"{path}.currency_code", "CURRENCY_MALFORMED", description
    if abs(money.nanos) > _NANOS or money.nanos * money.units < 0:
        description = "nanos are -999,999,999 to 999,999,999 with the sign of units"
        yield f"{path}.nanos", "MONEY_MALFORMED", description
