from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from server.retrieval.filters.milvus_expression import UNKNOWN_NUMBER, TagStorage
from server.retrieval.milvus_schema import (
    IndexType,
    collection_schema,
    entities,
    index_params,
)
from server.retrieval.protocol import UNKNOWN_STOCK, FilterColumns, IndexRows

TEXT, IMAGE = np.eye(2, dtype=np.float32)


def row(*, has_text: bool, has_image: bool) -> IndexRows:
    return IndexRows(
        ids=("it's",),
        text=TEXT[None],
        has_text=np.array([has_text]),
        image=IMAGE[None],
        has_image=np.array([has_image]),
        lexical=({7: 1.5},),
        filters=FilterColumns(
            group_id=("g",),
            categories=(("a", "a/b"),),
            leaf_paths=(("a/b",),),
            brand=("acme",),
            color=("",),
            price=[9.5],
            stock=[UNKNOWN_STOCK],
            rating=[float("nan")],
            attributes=({"size": ("m", "l")},),
        ),
    )


def test_values_as_they_are_stored() -> None:
    (entity,) = entities(row(has_text=True, has_image=True), dimension=2, tags=TagStorage.OBJECT)
    tags = entity.pop("tags")
    assert isinstance(tags, dict)
    assert len(tags) == 5
    assert set(tags.values()) == {1}
    np.testing.assert_array_equal(entity.pop("text_vector"), TEXT)
    np.testing.assert_array_equal(entity.pop("image_vector"), IMAGE)
    assert entity == {
        "id": "it%27s",
        "lexical": {7: 1.5},
        "has_text": True,
        "has_image": True,
        "has_words": True,
        "group_id": "g",
        "brand": "acme",
        "color": "",
        "price": 9.5,
        "stock": float(UNKNOWN_STOCK),
        "rating": UNKNOWN_NUMBER,
    }
    (listed,) = entities(row(has_text=True, has_image=True), dimension=2, tags=TagStorage.ARRAY)
    assert listed["tags"] == sorted(tags)


@pytest.mark.parametrize(
    ("has_text", "has_image", "text", "image"),
    [
        (True, False, TEXT, TEXT),
        (False, True, IMAGE, IMAGE),
        (False, False, [1.0, 0.0], [1.0, 0.0]),
    ],
)
def test_a_missing_vector_is_replaced_by_a_unit_vector(
    *, has_text: bool, has_image: bool, text: object, image: object
) -> None:
    rows = row(has_text=has_text, has_image=has_image)
    (entity,) = entities(rows, dimension=2, tags=TagStorage.OBJECT)
    assert (entity["has_text"], entity["has_image"]) == (has_text, has_image)
    np.testing.assert_array_equal(entity["text_vector"], text)
    np.testing.assert_array_equal(entity["image_vector"], image)


def test_a_product_without_words_has_a_placeholder_and_says_so() -> None:
    rows = replace(row(has_text=True, has_image=True), lexical=({},))
    (entity,) = entities(rows, dimension=2, tags=TagStorage.OBJECT)
    assert entity["has_words"] is False
    assert entity["lexical"]


@pytest.mark.parametrize("tags", TagStorage)
def test_every_stored_value_has_its_field(tags: TagStorage) -> None:
    (entity,) = entities(row(has_text=True, has_image=True), dimension=2, tags=tags)
    schema = collection_schema(dimension=2, tags=tags)
    assert {field.name for field in schema.fields} == set(entity)


@pytest.mark.parametrize("index_type", IndexType)
def test_every_vector_field_is_searched_by_inner_product(index_type: IndexType) -> None:
    asked = {each.field_name: each.to_dict() for each in index_params(index_type)}
    assert {name: each["metric_type"] for name, each in asked.items()} == {
        "text_vector": "IP",
        "image_vector": "IP",
        "lexical": "IP",
    }
    assert asked["text_vector"]["index_type"] == index_type
