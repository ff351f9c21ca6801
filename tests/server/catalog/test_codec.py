from __future__ import annotations

import pytest
from google.type.money_pb2 import Money
from hypothesis import given
from hypothesis import strategies as st
from omnishelf.v1 import product_pb2

from server.catalog.codec import from_money, product_name, to_message, to_money, to_record
from server.catalog.record import LocalizedText, ProductRecord

FULL = ProductRecord(
    id="A-1",
    title="Capri",
    description="Soft.",
    translations={"zh": LocalizedText(title="七分裤", description="柔软")},
    category_paths=("Women/Bottoms/Pants", "Sale"),
    brand="Luma",
    color="Blue",
    attributes={"material": ("cotton", "wool"), "size": ("S",)},
    price=19.99,
    list_price=25.0,
    currency="EUR",
    stock=0,
    rating=3.5,
    rating_count=2,
    units_1_day=1,
    units_7_days=7,
    units_30_days=30,
    group_id="G",
    image_uris=("a.jpg", "b.jpg"),
    create_seconds=1_700_000_000.25,
    update_seconds=1_800_000_000.5,
)
EMPTY = ProductRecord(id="A", title="Mug", group_id="A")


@pytest.mark.parametrize("record", [FULL, EMPTY])
def test_a_record_comes_back_as_it_was(record: ProductRecord) -> None:
    assert to_record(to_message(record, catalog="shop")) == record


def test_a_message_says_what_the_record_says() -> None:
    message = to_message(FULL, catalog="shop")

    assert message.name == product_name("shop", "A-1") == "catalogs/shop/products/A-1"
    assert message.price == Money(currency_code="EUR", units=19, nanos=990_000_000)
    assert message.create_time.seconds == 1_700_000_000
    assert message.create_time.nanos == 250_000_000
    assert [image.uri for image in message.images] == ["a.jpg", "b.jpg"]


def test_what_is_unknown_is_unset() -> None:
    message = to_message(EMPTY, catalog="shop")

    for name in ("price", "list_price", "stock", "rating", "sales", "create_time", "update_time"):
        assert not message.HasField(name)


def test_pictures_are_not_kept_in_the_record() -> None:
    message = product_pb2.Product(name="catalogs/c/products/p", title="t")
    message.images.add(data=b"bytes")
    message.images.add(uri="b.jpg", data=b"bytes")

    assert to_record(message).image_uris == ("b.jpg",)


def test_the_group_defaults_to_the_product() -> None:
    message = product_pb2.Product(name="catalogs/c/products/p", title="t")

    assert to_record(message).group_id == "p"


@pytest.mark.parametrize(
    ("amount", "units", "nanos"),
    [
        (0.0, 0, 0),
        (19.99, 19, 990_000_000),
        (0.1, 0, 100_000_000),
        (1e-9, 0, 1),
        (4e-10, 0, 0),
        (0.9999999999, 1, 0),
        (-1.5, -1, -500_000_000),
        (1e12, 10**12, 0),
    ],
)
def test_money_is_whole_units_and_nanos(amount: float, units: int, nanos: int) -> None:
    money = to_money(amount, currency="USD")

    assert (money.units, money.nanos) == (units, nanos)


@given(st.integers(min_value=0, max_value=10**12), st.integers(min_value=2, max_value=4))
def test_amounts_with_few_decimals_come_back_exactly(digits: int, decimals: int) -> None:
    amount = digits / 10**decimals

    assert from_money(to_money(amount, currency="USD")) == amount


_words = st.text(max_size=20).map(lambda text: text.replace("\0", ""))


@given(
    st.builds(
        ProductRecord,
        id=st.from_regex(r"\A[A-Za-z0-9._-]{1,20}\Z"),
        title=_words,
        category_paths=st.lists(_words, max_size=3).map(tuple),
        color=_words,
        price=st.none() | st.floats(min_value=0, max_value=1e12),
        list_price=st.none() | st.floats(min_value=0, max_value=1e12),
        stock=st.none() | st.integers(min_value=0, max_value=2**31 - 1),
        rating=st.none() | st.floats(min_value=1, max_value=5),
        rating_count=st.integers(min_value=0, max_value=100),
        units_7_days=st.none() | st.integers(min_value=0, max_value=10**9),
        group_id=st.just("g"),
        create_seconds=st.none() | st.floats(min_value=0, max_value=4e9),
    )
)
def test_what_is_stored_is_stored_again_unchanged(record: ProductRecord) -> None:
    stored = to_message(record, catalog="shop").SerializeToString(deterministic=True)
    read = to_record(product_pb2.Product.FromString(stored))

    assert to_message(read, catalog="shop").SerializeToString(deterministic=True) == stored
    assert read.price == (None if record.price is None else pytest.approx(record.price, abs=1e-9))
