from __future__ import annotations

import math
from dataclasses import replace

import pytest

from server.catalog.record import LocalizedText, ProductRecord
from server.ingest.validate import record_violations

GOOD = ProductRecord(
    id="A-1.b_c",
    title="t" * 500,
    description="d" * 20_000,
    translations={"zh": LocalizedText(title="杯"), "en-GB": LocalizedText(title="mug")},
    category_paths=("Women/Tops", "c" * 250),
    brand="b" * 200,
    color="c" * 100,
    attributes={"size_1": ("S", "v" * 200)},
    price=0.0,
    list_price=1e12,
    currency="EUR",
    stock=2**31 - 1,
    rating=5.0,
    rating_count=0,
    units_1_day=0,
    group_id="g" * 128,
    image_uris=("u" * 2_000,) * 16,
    create_seconds=0.0,
)


def found(**changes: object) -> list[tuple[str, str]]:
    record = replace(GOOD, **changes)  # type: ignore[arg-type]
    return [(each.field, each.reason) for each in record_violations(record)]


def test_everything_at_its_limit_is_good() -> None:
    assert record_violations(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": ""}, ("id", "ID_MISSING")),
        ({"id": "a b"}, ("id", "ID_MALFORMED")),
        ({"id": "a/b"}, ("id", "ID_MALFORMED")),
        ({"id": "x" * 129}, ("id", "ID_MALFORMED")),
        ({"id": "产品"}, ("id", "ID_MALFORMED")),
        ({"group_id": "g" * 129}, ("group_id", "TEXT_TOO_LONG")),
        ({"title": ""}, ("title", "TEXT_MISSING")),
        ({"title": " \t"}, ("title", "TEXT_MISSING")),
        ({"title": "t" * 501}, ("title", "TEXT_TOO_LONG")),
        ({"title": "nul\0"}, ("title", "TEXT_UNWRITABLE")),
        ({"title": "half \ud83d"}, ("title", "TEXT_UNWRITABLE")),
        ({"description": "d" * 20_001}, ("description", "TEXT_TOO_LONG")),
        (
            {"translations": {"zh": LocalizedText(title="")}},
            ("translations[zh].title", "TEXT_MISSING"),
        ),
        (
            {"translations": {"not a tag": LocalizedText(title="t")}},
            ("translations['not a tag']", "LANGUAGE_MALFORMED"),
        ),
        (
            {"translations": {f"a{chr(97 + n)}": LocalizedText(title="t") for n in range(17)}},
            ("translations", "TOO_MANY"),
        ),
        ({"category_paths": ("A", "/")}, ("category_paths[1]", "TEXT_MISSING")),
        ({"category_paths": ("c" * 251,)}, ("category_paths[0]", "TEXT_TOO_LONG")),
        ({"category_paths": ("c",) * 65}, ("category_paths", "TOO_MANY")),
        ({"brand": "b" * 201}, ("brand", "TEXT_TOO_LONG")),
        ({"color": "c" * 101}, ("color", "TEXT_TOO_LONG")),
        ({"attributes": {"a b": ("v",)}}, ("attributes['a b']", "ATTRIBUTE_NAME")),
        ({"attributes": {"a": ("",)}}, ("attributes[a].values[0]", "TEXT_MISSING")),
        ({"attributes": {"a": ("v" * 201,)}}, ("attributes[a].values[0]", "TEXT_TOO_LONG")),
        ({"attributes": {"a": ("v",) * 65}}, ("attributes[a].values", "TOO_MANY")),
        ({"attributes": {f"a{n}": ("v",) for n in range(65)}}, ("attributes", "TOO_MANY")),
        ({"currency": "euro"}, ("price.currency_code", "CURRENCY_MALFORMED")),
        ({"price": -0.01}, ("price", "OUT_OF_RANGE")),
        ({"price": math.nan}, ("price", "NOT_FINITE")),
        ({"price": math.inf}, ("price", "NOT_FINITE")),
        ({"price": 1.1e12}, ("price", "OUT_OF_RANGE")),
        ({"list_price": -1.0}, ("list_price", "OUT_OF_RANGE")),
        ({"stock": -1}, ("stock", "OUT_OF_RANGE")),
        ({"stock": 2**31}, ("stock", "OUT_OF_RANGE")),
        ({"rating": 0.9}, ("rating.average", "OUT_OF_RANGE")),
        ({"rating": 5.1}, ("rating.average", "OUT_OF_RANGE")),
        ({"rating_count": -1}, ("rating.count", "OUT_OF_RANGE")),
        ({"units_30_days": -1}, ("sales.units_30_days", "OUT_OF_RANGE")),
        ({"image_uris": ("u" * 2_001,)}, ("images[0].uri", "TEXT_TOO_LONG")),
        ({"image_uris": ("u",) * 17}, ("images", "TOO_MANY")),
        ({"create_seconds": -1.0}, ("create_time", "OUT_OF_RANGE")),
        ({"create_seconds": math.nan}, ("create_time", "NOT_FINITE")),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, object], expected: tuple[str, str]) -> None:
    assert found(**changes) == [expected]


def test_all_that_is_wrong_is_named_at_once() -> None:
    assert found(id="", title="", price=-1.0, rating=9.0) == [
        ("id", "ID_MISSING"),
        ("title", "TEXT_MISSING"),
        ("price", "OUT_OF_RANGE"),
        ("rating.average", "OUT_OF_RANGE"),
    ]


def test_paths_begin_where_the_caller_says() -> None:
    record = replace(GOOD, id="", price=-1.0)

    violations = record_violations(record, field="products[3].", id_field="name")

    assert [each.field for each in violations] == ["products[3].name", "products[3].price"]
    assert violations[1].description == "is -1.0; give a number from 0 to 1,000,000,000,000"
