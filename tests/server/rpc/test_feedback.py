"""The feedback service over gRPC, on a real store; its process is killed in one test."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from omnishelf.v1 import feedback_service_pb2 as pb
from omnishelf.v1 import feedback_service_pb2_grpc

from server.catalog.store import Store
from server.errors import InvalidRequest, NotFound
from server.feedback.counts import ProductCounts
from server.feedback.event_store import EventStore
from server.feedback.forgetting import Forgetting
from server.observability import Metrics
from server.rpc.channel import open_channel, wire_errors
from server.rpc.feedback import FeedbackService
from server.rpc.interceptors import CallInterceptor, Permits
from tests.server.feedback.shop_parts import open_store, with_catalog

NOW = 1_750_000_000
SHOP = "catalogs/shop"
IMPRESSION, CLICK, CART, PURCHASE = 1, 2, 3, 4
KILLED = """
import os, signal, sys
from server.feedback.event import EventKind, ShopperEvent
from server.feedback.event_store import EventStore
from tests.server.feedback.shop_parts import open_store

def die(_catalog):
    os.kill(os.getpid(), signal.SIGKILL)  # durable, and nobody has heard of it

events = [
    ShopperEvent(event_id=f"e{n}", kind=EventKind.CLICK, product="mug", time_seconds=1.75e9)
    for n in range(10)
]
EventStore(open_store(sys.argv[1]), when_counted=die).record("shop", events)
"""


def event(event_id: str, **fields: object) -> pb.Event:
    whole = {
        "event_id": event_id,
        "type": CLICK,
        "product": f"{SHOP}/products/mug",
        "time": Timestamp(seconds=NOW),
    }
    return pb.Event(**{**whole, **fields})  # type: ignore[arg-type] # by keyword


def request(*events: pb.Event, parent: str = SHOP) -> pb.RecordEventsRequest:
    return pb.RecordEventsRequest(parent=parent, events=events)


@contextmanager
def serving(
    store: Store, *, heard: Callable[..., None] | None = None
) -> Iterator[feedback_service_pb2_grpc.FeedbackServiceStub]:
    """The service behind the interceptor on a free port, and a stub of it."""
    service = FeedbackService(
        events=EventStore(store),
        forgetter=Forgetting(store, flush=lambda: None),
        keep_days=90,
        heard=heard,
        clock=lambda: NOW + 10,
    )
    interceptor = CallInterceptor(permits=Permits.of(calls=4, streams=1), metrics=Metrics())
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool, interceptors=[interceptor])
        feedback_service_pb2_grpc.add_FeedbackServiceServicer_to_server(service, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            with open_channel(f"127.0.0.1:{port}") as channel:
                yield feedback_service_pb2_grpc.FeedbackServiceStub(channel)
        finally:
            server.stop(1).wait()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = with_catalog(open_store(store_url))
    yield opened
    opened.close()


def counted(store: Store) -> dict[str, list[float]]:
    ids, numbers = ProductCounts(store.database).all("shop")
    return dict(zip(ids, numbers.tolist(), strict=True))


def test_the_right_are_recorded_and_the_wrong_named(store: Store) -> None:
    given = request(
        event("a"),
        event("b", type=IMPRESSION),
        event("a"),
        event("c", product=f"{SHOP}/products/gone", search_id="unknown"),
        event("d", type=PURCHASE, product="mug", quantity=-1),
    )
    with serving(store) as stub:
        reply = stub.RecordEvents(given)
        again = stub.RecordEvents(given)

    assert (reply.recorded_count, reply.duplicate_count) == (2, 1)
    assert (reply.unknown_product_count, reply.unknown_search_count) == (1, 1)
    assert [(each.index, each.event_id) for each in reply.refused_events] == [(1, "b"), (4, "d")]
    status = reply.refused_events[1].status
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad)
    assert (info.domain, info.reason) == ("omnishelf", "INVALID_REQUEST")
    assert [each.field for each in bad.field_violations] == ["product", "quantity"]
    assert (again.recorded_count, again.duplicate_count, len(again.refused_events)) == (0, 3, 2)
    assert counted(store) == {"mug": [0, 1, 0, 0], "gone": [0, 1, 0, 0]}


def test_all_wrong_is_an_answer_and_not_an_error(store: Store) -> None:
    with serving(store) as stub:
        reply = stub.RecordEvents(request(event(""), event("a", position=-1)))

    assert (reply.recorded_count, len(reply.refused_events)) == (0, 2)


def test_a_call_that_cannot_be_read_records_nothing(store: Store) -> None:
    with serving(store) as stub:
        with pytest.raises(InvalidRequest, match="split"), wire_errors("here"):
            stub.RecordEvents(request(*(event(str(place)) for place in range(5_001))))
        elsewhere = event("a", product="catalogs/none/products/mug")
        with pytest.raises(NotFound) as caught, wire_errors("here"):
            stub.RecordEvents(request(elsewhere, parent="catalogs/none"))

    assert caught.value.reason == "CATALOG_NOT_FOUND"
    assert counted(store) == {}


def test_who_acted_is_told_and_who_only_saw_is_not(store: Store) -> None:
    told: list[tuple[str, str, str]] = []

    def heard(catalog: str, *, user: str, session: str) -> None:
        told.append((catalog, user, session))

    with serving(store, heard=heard) as stub:
        stub.RecordEvents(
            request(
                event("a", user="ann", session="v"),
                event("b", user="ann", session="v", type=CART),
                event("c", session="w"),
                event("d", user="eve", type=IMPRESSION, position=1),
                event("e", user="bad", position=-1),
            )
        )

    assert sorted(told) == [("shop", "", "w"), ("shop", "ann", "v")]


def test_a_user_is_forgotten(store: Store) -> None:
    with serving(store) as stub:
        stub.RecordEvents(request(event("a", user="ann"), event("b", user="bob")))
        reply = stub.ForgetUser(pb.ForgetUserRequest(user="ann"))
        with pytest.raises(InvalidRequest), wire_errors("here"):
            stub.ForgetUser(pb.ForgetUserRequest())

    assert reply == pb.ForgetUserResponse(erased_event_count=1)


def test_what_was_durable_when_the_server_was_killed_is_counted_once(
    store: Store, store_url: str
) -> None:
    """Killed between the commit and the reply, its caller sends the events again to another."""
    killed = subprocess.run([sys.executable, "-c", KILLED, store_url], check=False, timeout=240)
    assert killed.returncode == -signal.SIGKILL

    with serving(store) as stub:
        reply = stub.RecordEvents(request(*(event(f"e{place}") for place in range(12))))

    assert (reply.recorded_count, reply.duplicate_count) == (2, 10)
    assert counted(store) == {"mug": [0, 12, 0, 0]}


def test_callers_at_one_time_are_all_answered(store: Store) -> None:
    """How fast is measured by `benchmarks.feedback`; here nothing is lost or mixed up."""
    calls = [
        [event(f"{call}-{place}", session=f"{call}", type=CLICK) for place in range(100)]
        for call in range(12)
    ]
    with serving(store) as stub, ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda some: stub.RecordEvents(request(*some)), calls))

    assert [each.recorded_count for each in replies] == [100] * 12
    assert counted(store) == {"mug": [0, 12, 0, 0]}
