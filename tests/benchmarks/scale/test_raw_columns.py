"""Insert requests made of whole columns say what requests made value by value say."""

import numpy as np
import pytest
from pymilvus import DataType
from pymilvus.grpc_gen import schema_pb2

from benchmarks.scale.raw_columns import insert_request, packed


@pytest.mark.parametrize("count", [0, 1, 31, 32, 4_095, 4_096, 600_000])
def test_packed_floats_are_those_appended_one_by_one(count: int) -> None:
    values = np.arange(count, dtype=np.float32) / np.float32(3)
    whole = packed(values.reshape(-1, 1))
    assert whole == schema_pb2.FloatArray(data=values.tolist())


def test_rows_of_any_layout_are_packed_in_order() -> None:
    columns_first = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    assert list(packed(columns_first).data) == [0, 1, 2, 3, 4, 5]


def test_a_request_holds_ids_and_vectors_side_by_side() -> None:
    request = insert_request("shop", 41, np.array([[1, 0], [0, 1]], dtype=np.float32))
    ids, vectors = request.fields_data
    assert (request.collection_name, request.num_rows) == ("shop", 2)
    assert (ids.field_name, ids.type) == ("id", DataType.VARCHAR)
    assert list(ids.scalars.string_data.data) == ["0000041", "0000042"]
    assert (vectors.field_name, vectors.type) == ("vector", DataType.FLOAT_VECTOR)
    assert vectors.vectors.dim == 2
    assert list(vectors.vectors.float_vector.data) == [1, 0, 0, 1]
