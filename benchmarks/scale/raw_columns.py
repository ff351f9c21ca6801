"""Insert requests of Milvus made of whole columns, so that no vector is ever a Python list."""

from __future__ import annotations

import numpy as np
from pymilvus import DataType
from pymilvus.grpc_gen import milvus_pb2, schema_pb2

from benchmarks.scale.vectors import product_ids
from server.arrays import Float32Array

ID_FIELD = "id"
VECTOR_FIELD = "vector"
_PACKED_FLOATS = b"\x0a"
"""Tag of field 1 with a length, which is how protobuf packs `FloatArray.data`."""


def insert_request(collection: str, start: int, block: Float32Array) -> milvus_pb2.InsertRequest:
    """A request that adds the products from number ``start`` with their vectors float32 (n, d)."""
    count, dimension = block.shape
    ids = schema_pb2.StringArray(data=product_ids(start, count))
    return milvus_pb2.InsertRequest(
        collection_name=collection,
        num_rows=count,
        fields_data=[
            schema_pb2.FieldData(
                type=DataType.VARCHAR,
                field_name=ID_FIELD,
                scalars=schema_pb2.ScalarField(string_data=ids),
            ),
            schema_pb2.FieldData(
                type=DataType.FLOAT_VECTOR,
                field_name=VECTOR_FIELD,
                vectors=schema_pb2.VectorField(dim=dimension, float_vector=packed(block)),
            ),
        ],
    )


def packed(block: Float32Array) -> schema_pb2.FloatArray:
    """The floats in order. Protobuf packs them as little-endian float32, which numpy has already.

    >>> list(packed(np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)).data)
    [1.0, 2.0, 3.0, 4.0]
    """
    data = np.ascontiguousarray(block, dtype="<f4").tobytes()
    return schema_pb2.FloatArray.FromString(_PACKED_FLOATS + _varint(len(data)) + data)


def _varint(number: int) -> bytes:
    """A length as protobuf writes it: seven bits a byte, the lowest first."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
