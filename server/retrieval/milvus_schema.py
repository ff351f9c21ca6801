"""What a Milvus collection of ours looks like, and product rows as it takes them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum

from pymilvus import CollectionSchema, DataType, MilvusClient
from pymilvus.milvus_client.index import IndexParams

from server.arrays import Float32Array
from server.retrieval.filters.milvus_expression import TAGS, UNKNOWN_NUMBER, TagStorage, stored_id
from server.retrieval.filters.tags import product_tags
from server.retrieval.protocol import IndexRows, View

SCHEMA_VERSION = "omnishelf index 1"
"""Stands in the collection's description; another one means another layout."""

METRIC = "IP"

SEARCH_PARAMS = {"metric_type": METRIC}
"""How every search compares."""

VECTOR_FIELDS = {
    View.TEXT: "text_vector",
    View.IMAGE: "image_vector",
    View.LEXICAL: "lexical",
}
"""The field that each view compares."""

FLAG_FIELDS = {View.TEXT: "has_text", View.IMAGE: "has_image", View.LEXICAL: "has_words"}
"""Whether a product has the view; where it has not, a placeholder stands in the vector's field."""

_ID_BYTES = 512
_TEXT_BYTES = 65_535
_TAG_BYTES = 16
_MOST_TAGS = 4_096
_NO_WORDS = {2**32 - 2: 1.0}


class IndexType(StrEnum):
    """How dense vectors are searched: all of them, or as the server thinks best."""

    FLAT = "FLAT"
    AUTO = "AUTOINDEX"


def collection_schema(*, dimension: int, tags: TagStorage) -> CollectionSchema:
    """The fields of an index."""
    schema = MilvusClient.create_schema(
        auto_id=False, enable_dynamic_field=False, description=SCHEMA_VERSION
    )
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=_ID_BYTES)
    for view in (View.TEXT, View.IMAGE):
        schema.add_field(VECTOR_FIELDS[view], DataType.FLOAT_VECTOR, dim=dimension)
    schema.add_field(VECTOR_FIELDS[View.LEXICAL], DataType.SPARSE_FLOAT_VECTOR)
    for flag in FLAG_FIELDS.values():
        schema.add_field(flag, DataType.BOOL)
    for text in ("group_id", "brand", "color"):
        schema.add_field(text, DataType.VARCHAR, max_length=_TEXT_BYTES)
    for number in ("price", "stock", "rating"):
        schema.add_field(number, DataType.DOUBLE)
    if tags is TagStorage.OBJECT:
        schema.add_field(TAGS, DataType.JSON)
    else:
        schema.add_field(
            TAGS,
            DataType.ARRAY,
            element_type=DataType.VARCHAR,
            max_length=_TAG_BYTES,
            max_capacity=_MOST_TAGS,
        )
    return schema


def index_params(index_type: IndexType) -> IndexParams:
    """How each vector field is searched."""
    params = MilvusClient.prepare_index_params()
    for view in (View.TEXT, View.IMAGE):
        params.add_index(VECTOR_FIELDS[view], index_type=str(index_type), metric_type=METRIC)
    params.add_index(
        VECTOR_FIELDS[View.LEXICAL], index_type="SPARSE_INVERTED_INDEX", metric_type=METRIC
    )
    return params


def entities(rows: IndexRows, *, dimension: int, tags: TagStorage) -> Iterator[dict[str, object]]:
    """The rows, checked before, as pymilvus takes them."""
    filters = rows.filters
    for at, product_id in enumerate(rows.ids):
        keys = product_tags(
            categories=filters.categories[at],
            leaf_paths=filters.leaf_paths[at],
            attributes=filters.attributes[at],
        )
        text, image = _vectors(rows, at, dimension=dimension)
        yield {
            "id": stored_id(product_id),
            VECTOR_FIELDS[View.TEXT]: text,
            VECTOR_FIELDS[View.IMAGE]: image,
            VECTOR_FIELDS[View.LEXICAL]: dict(rows.lexical[at]) or _NO_WORDS,
            FLAG_FIELDS[View.TEXT]: bool(rows.has_text[at]),
            FLAG_FIELDS[View.IMAGE]: bool(rows.has_image[at]),
            FLAG_FIELDS[View.LEXICAL]: bool(rows.lexical[at]),
            "group_id": filters.group_id[at],
            "brand": filters.brand[at],
            "color": filters.color[at],
            "price": _known(filters.price[at]),
            "stock": float(filters.stock[at]),
            "rating": _known(filters.rating[at]),
            TAGS: dict.fromkeys(keys, 1) if tags is TagStorage.OBJECT else sorted(keys),
        }


def _vectors(
    rows: IndexRows, at: int, *, dimension: int
) -> tuple[Float32Array | list[float], Float32Array | list[float]]:
    """A missing vector is replaced by the other, and two by the first axis: all must be unit."""
    axis = [1.0, *[0.0] * (dimension - 1)]
    if rows.has_text[at]:
        return rows.text[at], rows.image[at] if rows.has_image[at] else rows.text[at]
    if rows.has_image[at]:
        return rows.image[at], rows.image[at]
    return axis, axis


def _known(number: float) -> float:
    return UNKNOWN_NUMBER if math.isnan(number) else float(number)
