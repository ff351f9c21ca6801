"""One collection of vectors on any Milvus: filled by columns, merged, indexed, loaded, searched."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import grpc
from pymilvus import DataType, MilvusClient, MilvusException
from pymilvus.grpc_gen import milvus_pb2, milvus_pb2_grpc

from benchmarks.scale.opened import LIMIT, Search
from benchmarks.scale.raw_columns import ID_FIELD, VECTOR_FIELD, insert_request
from benchmarks.scale.vectors import ShopVectors
from server.arrays import Float32Array
from server.errors import Unavailable

METRIC = "IP"
_SECONDS_A_CALL = 120.0
_SECONDS_TO_INDEX = 7_200.0
_LOOK_SECONDS = 0.25
_INDEXED = "Finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexKind:
    """How vectors are indexed and asked: Milvus' names."""

    type: str
    build: Mapping[str, int]
    ask: Mapping[str, int]

    @property
    def about(self) -> str:
        """For tables: ``HNSW M=16, efConstruction=100; ef=128``."""
        made, asked = (
            ", ".join(f"{name}={value}" for name, value in each.items())
            for each in (self.build, self.ask)
        )
        return "; ".join(part for part in (f"{self.type} {made}".strip(), asked) if part)


def collection_name(products: int) -> str:
    """By size: several stand beside each other on one server."""
    return f"shop_{products}"


def create(client: MilvusClient, shop: ShopVectors) -> str:
    """An empty collection for a shop, in the place of one that is there; its name."""
    name = collection_name(shop.products)
    if client.has_collection(name):
        client.drop_collection(name)
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field(ID_FIELD, DataType.VARCHAR, is_primary=True, max_length=16)
    schema.add_field(VECTOR_FIELD, DataType.FLOAT_VECTOR, dim=shop.dimension)
    client.create_collection(name, schema=schema, consistency_level="Bounded")
    return name


def fill(address: str, name: str, shop: ShopVectors, *, rows_a_call: int) -> None:
    """Insert every product of a shop, so many at a time.

    Raises:
        Unavailable: the engine refused one.
    """
    with grpc.insecure_channel(address) as channel:
        stub = milvus_pb2_grpc.MilvusServiceStub(channel)
        for start, block in shop.blocks():
            for at in range(0, len(block), rows_a_call):
                rows = block[at : at + rows_a_call]
                _insert(stub, insert_request(name, start + at, rows))


def _insert(stub: milvus_pb2_grpc.MilvusServiceStub, request: milvus_pb2.InsertRequest) -> None:
    try:
        status = stub.Insert(request, timeout=_SECONDS_A_CALL).status
    except grpc.RpcError as error:
        message = f"the engine did not answer when products were inserted: {error}"
        raise Unavailable(message, reason="SCALE_INSERT") from error
    if status.error_code or status.code:
        message = f"the engine took no products: {status.reason}"
        raise Unavailable(message, reason="SCALE_INSERT")


def index(client: MilvusClient, name: str, kind: IndexKind) -> None:
    """Index the vectors, and wait until every row is.

    Raises:
        Unavailable: it took longer than two hours.
    """
    params = client.prepare_index_params()
    params.add_index(
        VECTOR_FIELD, index_type=kind.type, metric_type=METRIC, params=dict(kind.build)
    )
    client.create_index(name, params)
    until = time.monotonic() + _SECONDS_TO_INDEX
    while not _indexed(client, name):
        if time.monotonic() > until:
            message = f"{name} was not indexed within {_SECONDS_TO_INDEX:g} s"
            raise Unavailable(message, reason="SCALE_INDEX")
        time.sleep(_LOOK_SECONDS)


def merge(client: MilvusClient, name: str) -> None:
    """Seal what was inserted, and merge its segments where there are several."""
    client.flush(name)
    if len(client.list_persistent_segments(name)) > 1:
        job = client.compact(name)
        while client.get_compaction_state(job) != "Completed":
            time.sleep(_LOOK_SECONDS)


def searching(client: MilvusClient, name: str, kind: IndexKind) -> Search:
    """The bare client call on a loaded collection, ids alone.

    Raises:
        Unavailable: it does not answer a first search.
    """
    params = {"metric_type": METRIC, "params": dict(kind.ask)}

    def search(vector: Float32Array) -> list[str]:
        hits = client.search(
            name, data=[vector], anns_field=VECTOR_FIELD, limit=LIMIT, search_params=params
        )
        ids: list[str] = hits[0].ids
        return ids

    return search


def load(client: MilvusClient, name: str) -> None:
    """Bring a collection into memory.

    Raises:
        Unavailable: the engine refuses.
    """
    try:
        client.load_collection(name)
    except MilvusException as error:
        message = f"the engine cannot load {name}: {error.message}"
        raise Unavailable(message, reason="SCALE_LOAD") from error


def _indexed(client: MilvusClient, name: str) -> bool:
    said = client.describe_index(name, VECTOR_FIELD)
    return bool(said) and said["state"] == _INDEXED and not said.get("pending_index_rows")
