"""The table's share of a stored product is what its whole record says."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from hypothesis import example, given
from hypothesis import strategies as st
from omnishelf.v1 import product_pb2

from server.catalog.codec import to_record
from server.catalog.stored_facts import StoredFacts, stored_facts

_texts = st.text(max_size=8)
_units = st.none() | st.integers(0, 10**9)
_money = st.none() | st.builds(
    Money,
    currency_code=st.sampled_from(["", "EUR"]),
    units=st.integers(-(10**12), 10**12),
    nanos=st.integers(-999_999_999, 999_999_999),
)
_messages = st.builds(
    product_pb2.Product,
    name=st.just("catalogs/shop/products/p-1"),
    title=_texts,
    description=_texts,
    category_paths=st.lists(st.sampled_from(["", "Sale", "A/B", "a/b/", "A//C", "D/E/F"])),
    brand=_texts,
    color=_texts,
    price=_money,
    list_price=_money,
    stock=st.none() | st.integers(0, 2**31 - 1),
    rating=st.none()
    | st.builds(
        product_pb2.Rating, average=st.floats(0, 5, width=32), count=st.integers(0, 2**31 - 1)
    ),
    sales=st.none()
    | st.builds(product_pb2.Sales, units_1_day=_units, units_7_days=_units, units_30_days=_units),
    group_id=st.sampled_from(["", "g"]),
    create_time=st.none()
    | st.builds(Timestamp, seconds=st.integers(0, 10**10), nanos=st.integers(0, 999_999_999)),
)


def test_facts_are_read_from_bytes() -> None:
    message = product_pb2.Product(
        name="catalogs/shop/products/p",
        title="Capri",
        category_paths=["Sale", "Women/Bottoms", "Gear/Bags"],
        brand="Luma",
        color="Blue",
        price=Money(currency_code="EUR", units=19, nanos=990_000_000),
        stock=0,
        rating=product_pb2.Rating(average=3.5, count=2),
        sales=product_pb2.Sales(units_7_days=7),
        create_time=Timestamp(seconds=100, nanos=250_000_000),
    )

    facts = stored_facts("p", message.SerializeToString())

    assert facts == StoredFacts(
        id="p",
        group_id="p",
        category_paths=("Sale", "Women/Bottoms", "Gear/Bags"),
        brand="Luma",
        color="Blue",
        price=19.99,
        list_price=None,
        stock=0,
        rating=3.5,
        rating_count=2,
        units_1_day=None,
        units_7_days=7,
        units_30_days=None,
        create_seconds=100.25,
    )
    assert facts.deepest_category == "Women/Bottoms"


def test_what_is_unset_is_unknown() -> None:
    facts = stored_facts("p", b"")

    assert facts == ("p", "p", (), "", "", *[None] * 4, 0, *[None] * 4)
    assert facts.deepest_category == ""


@given(_messages)
@example(product_pb2.Product(name="catalogs/shop/products/p-1", sales=product_pb2.Sales()))
@example(product_pb2.Product(name="catalogs/shop/products/p-1", rating=product_pb2.Rating()))
def test_facts_are_those_of_the_record(message: product_pb2.Product) -> None:
    record = to_record(message)
    facts = stored_facts("p-1", message.SerializeToString())

    assert facts._asdict() == {name: getattr(record, name) for name in StoredFacts._fields}
    assert facts.deepest_category == record.deepest_category
