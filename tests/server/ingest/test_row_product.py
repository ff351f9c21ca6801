"""One row to one record: a table of rows as catalogues have them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.catalog.record import LocalizedText, ProductRecord
from server.errors import Violation
from server.ingest.columns import ALIASES, plan_columns
from server.ingest.formats.protocol import RawRow
from server.ingest.row_product import read_product

REQUIRED = frozenset({"id", "title"})


def read(
    values: dict[str, object], *, required: frozenset[str] = REQUIRED, text_cells: bool = False
) -> ProductRecord | tuple[Violation, ...]:
    plan = plan_columns(list(values), mapping={})
    row = RawRow(number=1, values=values)
    return read_product(row, plan=plan, required=required, text_cells=text_cells)


def test_a_whole_row() -> None:
    record = read(
        {
            "id": "A-1",
            "group_id": "A",
            "title": "Yoga Pants",
            "title_zh": "瑜伽裤",
            "description": "Soft.",
            "categories": ["Women/Bottoms/Pants", "Promotions"],
            "brand": "Luma",
            "color": "blue",
            "sizes": ["S", "M"],
            "organic": True,
            "weight": 0.25,
            "dimensions": {"height": 2},
            "price": 34.0,
            "list_price": "40",
            "currency": "eur",
            "stock": 100,
            "rating": 4.5,
            "review_count": 12,
            "units_1d": 1,
            "units_7d": 7,
            "units_sold": 30,
            "created": "1970-01-02",
            "image": "images/a.jpg",
        }
    )
    assert record == ProductRecord(
        id="A-1",
        group_id="A",
        title="Yoga Pants",
        description="Soft.",
        translations={"zh": LocalizedText(title="瑜伽裤")},
        category_paths=("Women/Bottoms/Pants", "Promotions"),
        brand="Luma",
        color="blue",
        attributes={"sizes": ("S", "M"), "organic": ("true",), "weight": ("0.25",)},
        price=34.0,
        list_price=40.0,
        currency="EUR",
        stock=100,
        rating=4.5,
        rating_count=12,
        units_1_day=1,
        units_7_days=7,
        units_30_days=30,
        image_uris=("images/a.jpg",),
        create_seconds=86_400.0,
    )


def test_a_row_with_the_least() -> None:
    assert read({"sku": 7, "name": "Mug", "color": None, "rating": 0}) == ProductRecord(
        id="7", group_id="7", title="Mug"
    )


def test_lists_in_text_are_split() -> None:
    record = read(
        {"id": "a", "title": "T", "category": "Home/Mugs|Gifts", "material": '["clay", "glass"]'},
        text_cells=True,
    )
    assert isinstance(record, ProductRecord)
    assert record.category_paths == ("Home/Mugs", "Gifts")
    assert record.attributes == {"material": ("clay", "glass")}


@pytest.mark.parametrize(
    "translations",
    [
        {"zh": {"title": "杯子", "description": "陶"}},
        '{"zh": {"title": "杯子", "description": "陶"}}',
        [("zh", {"title": "杯子", "description": "陶"})],
    ],
    ids=["object", "text", "parquet map"],
)
def test_translations_in_one_column(translations: object) -> None:
    record = read({"id": "a", "title": "Mug", "translations": translations})
    assert isinstance(record, ProductRecord)
    assert record.translations == {"zh": LocalizedText(title="杯子", description="陶")}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"id": "", "title": "Mug"}, [("id", "ID_MISSING")]),
        ({"id": "a", "name": " "}, [("name", "TITLE_MISSING")]),
        ({"title": "Mug"}, [("id", "ID_MISSING")]),
        ({"id": "a", "title": "Mug", "Price": "cheap"}, [("Price", "NOT_A_NUMBER")]),
        ({"id": "a", "title": "Mug", "stock": 1.5}, [("stock", "NOT_WHOLE")]),
        ({"id": "a", "title": ["Mug"]}, [("title", "NOT_TEXT")]),
        ({"id": "a", "title": "Mug", "created_at": "soon"}, [("created_at", "NOT_A_TIME")]),
        ({"id": "a", "title": "Mug", "translations": {"zh": {"title": 1, "description": []}}}, []),
        ({"id": "a", "title": "Mug", "translations": {"zh": ["杯子"]}},
         [("translations.zh", "NOT_TEXT")]),
        ({"id": "a b", "Name": "x" * 501, "Price": -1, "stars": 6, "reviews_count": -2},
         [("id", "ID_MALFORMED"), ("Name", "TEXT_TOO_LONG"), ("Price", "OUT_OF_RANGE"),
          ("stars", "OUT_OF_RANGE"), ("reviews_count", "OUT_OF_RANGE")]),
        ({"id": "a", "title": "Mug", "category": "x" * 251, "currency": "dollars"},
         [("category", "TEXT_TOO_LONG"), ("currency", "CURRENCY_MALFORMED")]),
        ({"id": None, "title": "", "price": "x", "rating": "y"},
         [("id", "ID_MISSING"), ("title", "TITLE_MISSING"), ("rating", "NOT_A_NUMBER"),
          ("price", "NOT_A_NUMBER")]),
    ],
)  # fmt: skip
def test_every_violation_is_found_at_once(
    values: dict[str, object], found: list[tuple[str, str]]
) -> None:
    record = read(values)
    violations = () if isinstance(record, ProductRecord) else record
    assert [(each.field, each.reason) for each in violations] == found


@pytest.mark.parametrize("price", [None, "", "  "])
def test_a_required_price_must_be_there(price: object) -> None:
    violations = read({"id": "a", "title": "Mug", "price": price}, required=REQUIRED | {"price"})
    assert not isinstance(violations, ProductRecord)
    assert [each.reason for each in violations] == ["PRICE_MISSING"]


def test_what_cannot_be_an_attribute_is_left_out() -> None:
    values: dict[str, object] = {f"column {number}": "x" for number in range(80)}
    record = read({"id": "a", "title": "T", "long": "x" * 201, "many": ["y"] * 3, **values})
    assert isinstance(record, ProductRecord)
    assert record.attributes["many"] == ("y",)
    assert "long" not in record.attributes
    assert len(record.attributes) == 64


CELL = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=8)
    | st.lists(st.text(max_size=3), max_size=3)
)


@given(values=st.dictionaries(st.sampled_from([*ALIASES, "title_zh", "fabric"]), CELL))
def test_any_row_gives_a_record_or_reasons(values: dict[str, object]) -> None:
    record = read(values)
    if isinstance(record, ProductRecord):
        assert record.id
        assert record.title
    else:
        assert all(each.field and each.reason and each.description for each in record)
        assert record
