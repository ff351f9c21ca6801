from __future__ import annotations

from collections.abc import Callable

import pytest
from google.type.money_pb2 import Money
from omnishelf.v1 import product_pb2

from server.ingest.messages import read_message

Change = Callable[[product_pb2.Product], object]


def message() -> product_pb2.Product:
    return product_pb2.Product(
        name="catalogs/shop/products/a",
        title="Mug",
        price=Money(currency_code="USD", units=5, nanos=500_000_000),
        images=[product_pb2.Image(uri="0.png"), product_pb2.Image(uri="1.png", data=b"bytes")],
    )


def test_a_good_message_is_an_incoming_product() -> None:
    item = read_message(message(), catalog="shop", field="products[2].")

    assert item.violations == ()
    assert item.record.id == "a"
    assert item.record.price == 5.5
    assert (item.picture, item.picture_field) == (b"bytes", "products[2].images[1].data")
    assert (item.field, item.id_field) == ("products[2].", "name")


def test_a_message_may_have_no_picture() -> None:
    changed = message()
    del changed.images[:]

    assert read_message(changed, catalog="shop").picture is None


def name(value: str) -> Change:
    return lambda changed: setattr(changed, "name", value)


def price(**values: object) -> Change:
    return lambda changed: changed.price.MergeFrom(Money(**values))  # type: ignore[arg-type]


def list_price(**values: object) -> Change:
    return lambda changed: changed.list_price.CopyFrom(Money(**values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (name(""), ("name", "PRODUCT_NAME_INVALID")),
        (name("a"), ("name", "PRODUCT_NAME_INVALID")),
        (name("catalogs/other/products/a"), ("name", "PRODUCT_NAME_INVALID")),
        (name("catalogs/shop/products/"), ("name", "PRODUCT_NAME_INVALID")),
        (name("catalogs/shop/products/a/b"), ("name", "PRODUCT_NAME_INVALID")),
        (price(nanos=1_000_000_000), ("price.nanos", "MONEY_MALFORMED")),
        (price(nanos=-1), ("price.nanos", "MONEY_MALFORMED")),
        (list_price(units=9), ("list_price.currency_code", "CURRENCY_MALFORMED")),
        (
            list_price(currency_code="EUR", units=9),
            ("list_price.currency_code", "CURRENCY_MISMATCH"),
        ),
        (lambda changed: changed.images.add(), ("images[2]", "IMAGE_EMPTY")),
    ],
)
def test_what_only_the_wire_gets_wrong_is_named(change: Change, expected: tuple[str, str]) -> None:
    changed = message()
    change(changed)

    violations = read_message(changed, catalog="shop", field="product.").violations

    assert (f"product.{expected[0]}", expected[1]) in [
        (each.field, each.reason) for each in violations
    ]
