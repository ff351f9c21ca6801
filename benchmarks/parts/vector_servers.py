"""Vector search of ours, of a published server, and of bare pymilvus, with the recall of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.load.arrivals import in_turn
from benchmarks.load.generator import Generator
from benchmarks.load.grpc_target import GrpcTarget
from benchmarks.load.http_target import HttpTarget
from benchmarks.load.target import OK, Target
from benchmarks.parts.shop import CATALOG, AskedText, Bare, IndexedShop, engine_address
from benchmarks.peers import chroma as peer
from benchmarks.peers import milvus_target
from benchmarks.results.intervals import Estimate, median_of
from benchmarks.served import served
from server.app import App
from server.arrays import Float32Array
from server.retrieval.filters.milvus_expression import product_ids
from server.retrieval.milvus_schema import VECTOR_FIELDS
from server.retrieval.protocol import View
from server.rpc.names import catalog_name

NEAREST = 100
CALLERS = 4
_MOST_ROWS = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorServer:
    """One system's searches of one vector for its nearest `NEAREST`.

    ``recall`` is the share of the truly nearest that it found, 0 to 1.
    """

    requests_per_second: Estimate
    p99_ms: Estimate
    recall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A system: where it is, its requests, and how to read its replies."""

    target: Target
    requests: Sequence[bytes]
    read: Callable[[bytes], Sequence[str]]


def measured(
    shop: IndexedShop,
    asked: Sequence[AskedText],
    *,
    app: App,
    bare: Bare,
    rounds: int,
    seconds: float,
) -> Mapping[str, VectorServer]:
    """Closed loops of all systems in turn over the shop's text vectors.

    Raises:
        FailedPrecondition: the published server is not installed.
        OmnishelfError: a server did not start.
    """
    rows = bare.search.client.query(
        bare.search.collection,
        filter="",
        limit=_MOST_ROWS,
        output_fields=["id", VECTOR_FIELDS[View.TEXT]],
    )
    ids = product_ids([row["id"] for row in rows])
    vectors = np.array([row[VECTOR_FIELDS[View.TEXT]] for row in rows], np.float32)
    queries = [each.vector for each in asked]
    with ExitStack() as stack:
        collection = stack.enter_context(peer.chroma(ids, vectors, folder=shop.folder))
        ours = stack.enter_context(served(shop.copy("vectors")))
        bare_target = milvus_target.MilvusTarget(
            name="pymilvus",
            uri=engine_address(app),
            collection=bare.search.collection,
            field=VECTOR_FIELDS[View.TEXT],
            limit=NEAREST,
        )
        systems = {
            "omnishelf": _Asked(
                target=GrpcTarget(name="omnishelf", address=ours.address),
                requests=[_request(each) for each in queries],
                read=_read,
            ),
            "chroma": _Asked(
                target=HttpTarget(name="chroma", url=collection.url),
                requests=[peer.query(each, limit=NEAREST) for each in queries],
                read=peer.ids_of,
            ),
            "pymilvus": _Asked(
                target=bare_target,
                requests=[each.tobytes() for each in queries],
                read=lambda reply: product_ids(milvus_target.ids_of(reply)),
            ),
        }
        return _in_turn(systems, ids, vectors, queries, rounds=rounds, seconds=seconds)


def nearest(ids: Sequence[str], vectors: Float32Array, query: Float32Array) -> set[str]:
    """The ids of the truly nearest rows of (n, d) to (d,), by inner product.

    >>> sorted(nearest(["a", "b"], np.eye(2, dtype=np.float32), np.array([1, 0], np.float32)))
    ['a', 'b']
    """
    best = np.argsort(-(vectors @ query), kind="stable")[:NEAREST]
    return {ids[place] for place in best.tolist()}


def _in_turn(
    systems: Mapping[str, _Asked],
    ids: Sequence[str],
    vectors: Float32Array,
    queries: Sequence[Float32Array],
    *,
    rounds: int,
    seconds: float,
) -> dict[str, VectorServer]:
    truth = [nearest(ids, vectors, each) for each in queries]
    plan = in_turn(CALLERS, seconds=seconds, questions=len(queries))
    rates: dict[str, list[float]] = {name: [] for name in systems}
    tails: dict[str, list[float]] = {name: [] for name in systems}
    recalls: dict[str, float] = {}
    with ExitStack() as stack:
        generators = {
            name: stack.enter_context(Generator(each.target)) for name, each in systems.items()
        }
        for _ in range(rounds):
            for name, system in systems.items():
                found = generators[name].round(plan, system.requests, seconds=seconds)
                fine = np.array([status == OK for status in found.statuses])
                rates[name].append(float(fine.sum() / np.nanmax(found.done_seconds)))
                tails[name].append(float(np.percentile(found.latency_seconds[fine], 99) * 1e3))
                if name not in recalls:
                    answered = zip(plan.places[: len(fine)].tolist(), found.replies, strict=True)
                    recalls[name] = fmean(
                        len(truth[place] & set(system.read(reply))) / len(truth[place])
                        for place, reply in answered
                    )
    return {
        name: VectorServer(
            requests_per_second=median_of(rates[name]),
            p99_ms=median_of(tails[name]),
            recall=recalls[name],
        )
        for name in systems
    }


def _request(vector: Float32Array) -> bytes:
    """What comes nearest to retrieval alone: one view, no model, names without records."""
    request = pb.SearchProductsRequest(
        parent=catalog_name(CATALOG),
        query=[pb.QueryPart(vector=pb.Vector(values=vector.tolist()))],
        view=pb.VIEW_TEXT,
        page_size=NEAREST,
        product_detail=pb.PRODUCT_DETAIL_NAME,
        ranking=pb.RankingOptions(mode=pb.RankingOptions.MODE_RETRIEVAL),
    )
    return request.SerializeToString()


def _read(reply: bytes) -> list[str]:
    hits = pb.SearchProductsResponse.FromString(reply).hits
    return [hit.product.name.rpartition("/")[2] for hit in hits]
