from __future__ import annotations

import math

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.type.money_pb2 import Money
from omnishelf.v1 import product_pb2
from omnishelf.v1 import product_service_pb2 as pb

from server.errors import InvalidRequest
from server.rpc.validate_signals import check_signals

PARENT = "catalogs/luma"


def product(product_id: str, **fields: object) -> product_pb2.Product:
    return product_pb2.Product(name=f"{PARENT}/products/{product_id}", **fields)  # type: ignore[arg-type]


def request(*products: product_pb2.Product, mask: tuple[str, ...] = ()) -> pb.UpdateSignalsRequest:
    return pb.UpdateSignalsRequest(
        parent=PARENT, products=products, update_mask=FieldMask(paths=mask)
    )


def usd(units: int, nanos: int = 0) -> Money:
    return Money(currency_code="USD", units=units, nanos=nanos)


def violations(wrong: pb.UpdateSignalsRequest) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        check_signals(wrong)
    return [(each.field, each.reason) for each in caught.value.violations]


def test_without_a_mask_what_is_set_is_written() -> None:
    catalog, (first, second) = check_signals(
        request(
            product("a", price=usd(19, 990_000_000), stock=0),
            product("b", sales=product_pb2.Sales(units_7_days=4), title="is not read"),
        )
    )
    assert catalog == "luma"
    assert (first.record.id, sorted(first.fields)) == ("a", ["price", "stock"])
    assert (first.record.price, first.record.currency, first.record.stock) == (19.99, "USD", 0)
    assert (second.record.id, sorted(second.fields)) == ("b", ["sales"])
    assert (second.record.units_1_day, second.record.units_7_days) == (None, 4)
    assert second.record.title == ""


def test_a_mask_says_what_is_written_also_where_it_is_not_set() -> None:
    _, (update,) = check_signals(
        request(product("a", price=usd(5), stock=3), mask=("stock", "rating"))
    )
    assert update.fields == {"stock", "rating"}
    assert (update.record.stock, update.record.rating, update.record.price) == (3, None, None)


def test_what_is_not_read_cannot_be_wrong() -> None:
    wrong = product("a", stock=1, price=usd(-5), create_time={"seconds": -1})
    _, (update,) = check_signals(request(wrong, mask=("stock",)))
    assert update.record.create_seconds is None


def test_everything_wrong_is_named_at_once() -> None:
    found = violations(
        request(
            product("a"),
            product("b", stock=-1, price=usd(-3)),
            product("b", stock=1),
            product_pb2.Product(name="catalogs/other/products/c", stock=1),
            product_pb2.Product(name="c", stock=1),
            product("d", rating=product_pb2.Rating(average=math.nan, count=-1)),
            product("e", sales=product_pb2.Sales(units_1_day=-1)),
            product("f", price=usd(1, -1)),
            product("g", price=Money(units=1)),
            product("h", price=usd(1), list_price=Money(currency_code="EUR", units=2)),
        )
    )
    assert found == [
        ("products[0]", "NOTHING_TO_WRITE"),
        ("products[1].price", "OUT_OF_RANGE"),
        ("products[1].stock", "OUT_OF_RANGE"),
        ("products[3].name", "PRODUCT_OTHER_CATALOG"),
        ("products[4].name", "PRODUCT_NAME_INVALID"),
        ("products[5].rating.average", "NOT_FINITE"),
        ("products[5].rating.count", "OUT_OF_RANGE"),
        ("products[6].sales.units_1_day", "OUT_OF_RANGE"),
        ("products[7].price.nanos", "MONEY_MALFORMED"),
        ("products[8].price.currency_code", "CURRENCY_MALFORMED"),
        ("products[9].list_price.currency_code", "CURRENCY_MISMATCH"),
        ("products[2].name", "ID_REPEATED"),
    ]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (
            pb.UpdateSignalsRequest(parent="luma"),
            [("parent", "CATALOG_NAME_INVALID"), ("products", "PRODUCT_COUNT")],
        ),
        (request(*[product("a", stock=1)] * 1_001), [("products", "PRODUCT_COUNT")]),
        (
            request(product("a", stock=1), mask=("title", "stock", "price.units")),
            [("update_mask", "MASK_PATH_UNKNOWN")] * 2,
        ),
        (
            pb.UpdateSignalsRequest(parent="luma", products=[product("a", stock=-1)]),
            [("parent", "CATALOG_NAME_INVALID"), ("products[0].stock", "OUT_OF_RANGE")],
        ),
    ],
)
def test_what_a_request_may_not_be(
    wrong: pb.UpdateSignalsRequest, expected: list[tuple[str, str]]
) -> None:
    assert violations(wrong) == expected
