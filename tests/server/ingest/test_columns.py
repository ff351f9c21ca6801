"""Which column is which field."""

from __future__ import annotations

import pytest

from server.errors import InvalidRequest
from server.ingest.columns import parse_mapping, plain_name, plan_columns


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        (["id", "title"], {"id": "id", "title": "title"}),
        (["SKU", "Product Name"], {"id": "SKU", "title": "Product Name"}),
        (["sku", "id", "name"], {"id": "id", "title": "name"}),
        (["product_id", "category", "image_path"],
         {"id": "product_id", "categories": "category", "image": "image_path"}),
        (["id", "colour", "review_count", "units_sold"],
         {"id": "id", "color": "colour", "rating_count": "review_count",
          "units_30_days": "units_sold"}),
        (["id", "title_zh", "title_en"], {"id": "id", "title": "title_en"}),
        (["id", "name_de", "description_de"],
         {"id": "id", "title": "name_de", "description": "description_de"}),
    ],
)  # fmt: skip
def test_fields_are_found_by_name_and_alias(columns: list[str], fields: dict[str, str]) -> None:
    assert plan_columns(columns, mapping={}).fields == fields


def test_a_mapping_goes_before_names() -> None:
    plan = plan_columns(["id", "code", "title"], mapping={"id": "code"})
    assert plan.fields == {"id": "code", "title": "title"}
    assert plan.attributes == {"id": "id"}


def test_translated_columns_are_found_by_their_tag() -> None:
    plan = plan_columns(
        ["id", "title", "title_zh", "description_zh", "title_pt_br", "title_zh_hant", "title_tag"],
        mapping={},
    )
    assert plan.titles == {"zh": "title_zh", "pt-BR": "title_pt_br", "zh-Hant": "title_zh_hant"}
    assert plan.descriptions == {"zh": "description_zh"}
    assert plan.attributes == {"title_tag": "title_tag"}


def test_a_translation_can_be_mapped() -> None:
    plan = plan_columns(["id", "title", "标题"], mapping={"title_zh": "标题"})
    assert plan.titles == {"zh": "标题"}


def test_other_columns_are_attributes_by_plain_names() -> None:
    plan = plan_columns(["id", "title", "Fabric / Type", "fabric-type", "尺码"], mapping={})
    assert plan.attributes == {"fabric_type": "Fabric / Type"}


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"titel": "name"}, "titel is no field of ours (did you mean title?)"),
        ({"title": "nane"}, "no column 'nane' (did you mean name?)"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(mapping: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        plan_columns(["id", "name"], mapping=mapping)
    assert refused.value.reason == "MAP_INVALID"
    assert said in refused.value.message


def test_options_are_read() -> None:
    assert parse_mapping(["title = Product Name", "id=sku"]) == {
        "title": "Product Name",
        "id": "sku",
    }


@pytest.mark.parametrize("options", [["title"], ["=name"], ["title="], ["id=a", "id=b"]])
def test_bad_options_are_refused(options: list[str]) -> None:
    with pytest.raises(InvalidRequest, match=r"ours=theirs|mapped twice"):
        parse_mapping(options)


@pytest.mark.parametrize(
    ("column", "name"),
    [("Price (USD)", "price_usd"), ("  a--b ", "a_b"), ("尺码", ""), ("x" * 99, "x" * 64)],
)
def test_plain_names(column: str, name: str) -> None:
    assert plain_name(column) == name
