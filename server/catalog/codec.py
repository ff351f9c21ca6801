"""A product record to the message of the API and back."""

from __future__ import annotations

from decimal import Decimal

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from omnishelf.v1 import product_pb2

from server.catalog.record import LocalizedText, ProductRecord

_A_BILLION = 10**9
_MICROSECONDS = 10**6
_SALES_WINDOWS = ("units_1_day", "units_7_days", "units_30_days")
_DEFAULT_CURRENCY = "USD"


def product_name(catalog: str, product_id: str) -> str:
    """Resource name of a product.

    Example:
        >>> product_name("shop", "A-1")
        'catalogs/shop/products/A-1'
    """
    return f"catalogs/{catalog}/products/{product_id}"


def to_message(record: ProductRecord, *, catalog: str) -> product_pb2.Product:
    """The record as the API shows it; `to_record` of it is what the store keeps of the record.

    Prices are rounded to 1e-9 of the currency's unit, times to a microsecond. The list
    price is left out where it is the price, a mean rating is rounded to a 32-bit float, and a count
    of ratings without a mean is dropped.
    """
    message = product_pb2.Product(
        name=product_name(catalog, record.id),
        title=record.title,
        description=record.description,
        category_paths=record.category_paths,
        brand=record.brand,
        color=record.color,
        stock=record.stock,
        group_id=record.group_id,
        images=[product_pb2.Image(uri=uri) for uri in record.image_uris],
    )
    for tag, text in record.translations.items():
        message.translations[tag].title = text.title
        message.translations[tag].description = text.description
    for name, values in record.attributes.items():
        message.attributes[name].values.extend(values)
    if record.price is not None:
        message.price.CopyFrom(to_money(record.price, currency=record.currency))
    if record.list_price is not None:
        list_price = to_money(record.list_price, currency=record.currency)
        if not message.HasField("price") or list_price != message.price:
            message.list_price.CopyFrom(list_price)
    if record.rating is not None:
        message.rating.average = record.rating
        message.rating.count = record.rating_count
    _write_sales(record, message)
    if record.create_seconds is not None:
        message.create_time.CopyFrom(_to_timestamp(record.create_seconds))
    if record.update_seconds is not None:
        message.update_time.CopyFrom(_to_timestamp(record.update_seconds))
    return message


def to_record(message: product_pb2.Product) -> ProductRecord:
    """The message as the server knows it; its values are taken as they are, checked or not."""
    product_id = message.name.rpartition("/")[2]
    has = message.HasField
    units_1_day, units_7_days, units_30_days = units_sold(message.sales)
    return ProductRecord(
        id=product_id,
        title=message.title,
        description=message.description,
        translations={
            tag: LocalizedText(title=text.title, description=text.description)
            for tag, text in sorted(message.translations.items())
        },
        category_paths=tuple(message.category_paths[:]),
        brand=message.brand,
        color=message.color,
        attributes={
            name: tuple(attribute.values[:])
            for name, attribute in sorted(message.attributes.items())
        },
        price=from_money(message.price) if has("price") else None,
        list_price=from_money(message.list_price) if has("list_price") else None,
        currency=message.price.currency_code
        or message.list_price.currency_code
        or _DEFAULT_CURRENCY,
        stock=message.stock if has("stock") else None,
        rating=message.rating.average if has("rating") else None,
        rating_count=message.rating.count,
        units_1_day=units_1_day,
        units_7_days=units_7_days,
        units_30_days=units_30_days,
        group_id=message.group_id or product_id,
        image_uris=tuple(image.uri for image in message.images if image.uri),
        create_seconds=from_timestamp(message.create_time) if has("create_time") else None,
        update_seconds=from_timestamp(message.update_time) if has("update_time") else None,
    )


def to_money(amount: float, *, currency: str) -> Money:
    """An amount as whole units and nanos of the same sign, rounded to 1e-9 (half to even).

    The shortest decimal that means the float is what is rounded, so 19.99 is 19 and 990000000.

    Example:
        >>> to_money(19.99, currency="EUR").nanos
        990000000
    """
    nanos = round(Decimal(repr(amount)) * _A_BILLION)
    sign = -1 if nanos < 0 else 1
    units, rest = divmod(abs(nanos), _A_BILLION)
    return Money(currency_code=currency, units=sign * units, nanos=sign * rest)


def from_money(money: Money) -> float:
    """The nearest float: undoes `to_money` for amounts of up to 15 significant digits."""
    return (money.units * _A_BILLION + money.nanos) / _A_BILLION


def _write_sales(record: ProductRecord, message: product_pb2.Product) -> None:
    for window in _SALES_WINDOWS:
        units = getattr(record, window)
        if units is not None:
            setattr(message.sales, window, units)


def units_sold(sales: product_pb2.Sales) -> tuple[int | None, int | None, int | None]:
    """Units sold in a day, in 7 and in 30 days; None where unknown."""
    has = sales.HasField
    return (
        sales.units_1_day if has("units_1_day") else None,
        sales.units_7_days if has("units_7_days") else None,
        sales.units_30_days if has("units_30_days") else None,
    )


def _to_timestamp(seconds: float) -> Timestamp:
    whole, micros = divmod(round(seconds * _MICROSECONDS), _MICROSECONDS)
    return Timestamp(seconds=whole, nanos=micros * 1000)


def from_timestamp(stamp: Timestamp) -> float:
    """Unix time in seconds."""
    return (stamp.seconds * _A_BILLION + stamp.nanos) / _A_BILLION
