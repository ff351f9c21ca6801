import threading
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from omnishelf.v1 import (
    encoder_service_pb2_grpc,
    feedback_service_pb2_grpc,
    product_service_pb2_grpc,
    rule_service_pb2_grpc,
    search_service_pb2_grpc,
)
from omnishelf.v1 import search_service_pb2 as pb

from server.deadline import Deadline
from server.errors import AlreadyInUse
from server.query import Query, SearchResult
from server.rpc.server import SERVICES, RpcServer

REQUEST = pb.SearchProductsRequest(parent="catalogs/luma", query=[pb.QueryPart(text="a")])
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

Served = Any
"""`conftest.Served`, which importlib mode keeps out of reach."""


class NoSearch(search_service_pb2_grpc.SearchServiceServicer):
    """Answers nothing."""


class NoProducts(product_service_pb2_grpc.ProductServiceServicer):
    """Answers nothing."""


class NoEncoders(encoder_service_pb2_grpc.EncoderServiceServicer):
    """Answers nothing."""


class NoFeedback(feedback_service_pb2_grpc.FeedbackServiceServicer):
    """Answers nothing."""


class NoRules(rule_service_pb2_grpc.RuleServiceServicer):
    """Answers nothing."""


def _bare_server(port: int, *, host: str = "127.0.0.1") -> RpcServer:
    return RpcServer(
        search=NoSearch(),  # type: ignore[abstract] # not called
        products=NoProducts(),  # type: ignore[abstract] # not called
        encoders=NoEncoders(),  # type: ignore[abstract] # not called
        feedback=NoFeedback(),  # type: ignore[abstract] # not called
        rules=NoRules(),  # type: ignore[abstract] # not called
        interceptors=[],
        host=host,
        port=port,
        threads=2,
    )


def _health(channel: grpc.Channel) -> Any:  # noqa: ANN401 - a stub without types
    return health_pb2_grpc.HealthStub(channel)


def test_a_taken_port_is_refused_with_the_remedy(served: Served) -> None:
    with pytest.raises(AlreadyInUse, match=f"port {served.server.port} .*--port") as caught:
        _bare_server(served.server.port)
    assert caught.value.reason == "PORT_IN_USE"


def test_a_host_of_another_machine_is_refused() -> None:
    with pytest.raises(AlreadyInUse, match=r"192\.0\.2\.1 is no address"):
        _bare_server(0, host="192.0.2.1")


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "localhost"])  # noqa: S104 - the test's point
def test_the_address_is_one_that_callers_reach(host: str) -> None:
    server = _bare_server(0, host=host)
    server.start()
    try:
        with grpc.insecure_channel(server.address) as channel:
            reply = _health(channel).Check(health_pb2.HealthCheckRequest(), timeout=60)
    finally:
        server.stop(grace_seconds=1)
    assert reply.status == SERVING


@pytest.mark.parametrize("service", ["", *SERVICES])
def test_every_service_has_its_health(served: Served, service: str) -> None:
    reply = _health(served.channel).Check(health_pb2.HealthCheckRequest(service=service))
    assert reply.status == SERVING


def test_reflection_tells_the_api(served: Served) -> None:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(served.channel)
    request = reflection_pb2.ServerReflectionRequest
    listed, found = stub.ServerReflectionInfo(
        iter([request(list_services=""), request(file_containing_symbol=SERVICES[0])])
    )
    names = {service.name for service in listed.list_services_response.service}
    assert names >= {*SERVICES, "grpc.health.v1.Health"}
    file = FileDescriptorProto.FromString(found.file_descriptor_response.file_descriptor_proto[0])
    assert [method.name for method in file.service[0].method] == [
        "SearchProducts",
        "ExplainRanking",
    ]


def test_a_stop_lets_running_calls_end_and_takes_no_new_ones(
    served: Served, make_result: Callable[..., SearchResult]
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def behave(query: Query, deadline: Deadline) -> SearchResult:
        entered.set()
        assert leave.wait(60)
        return make_result(2)

    served.shop.behave = behave
    served.shop.catalogs["luma"] = {}
    watched = _health(served.channel).Watch(health_pb2.HealthCheckRequest())
    assert next(watched).status == SERVING
    running = served.search.SearchProducts.future(REQUEST)
    assert entered.wait(60)
    stopping = threading.Thread(target=lambda: served.server.stop(grace_seconds=60), daemon=True)
    stopping.start()
    assert next(watched).status == NOT_SERVING
    watched.cancel()
    leave.set()
    assert running.result(60).total_size == 2
    stopping.join(60)
    assert not stopping.is_alive()
    with grpc.insecure_channel(served.server.address) as channel, pytest.raises(grpc.RpcError):
        search_service_pb2_grpc.SearchServiceStub(channel).SearchProducts(REQUEST, timeout=5)


def test_a_stop_cancels_what_does_not_end(served: Served) -> None:
    entered, leave = threading.Event(), threading.Event()

    def behave(query: Query, deadline: Deadline) -> SearchResult:
        entered.set()
        leave.wait(60)
        raise AssertionError

    served.shop.behave = behave
    running = served.search.SearchProducts.future(REQUEST)
    assert entered.wait(60)
    stopping = threading.Thread(target=lambda: served.server.stop(grace_seconds=0.1), daemon=True)
    stopping.start()
    assert running.exception(60) is not None
    leave.set()
    stopping.join(60)
    assert not stopping.is_alive()


def test_a_message_over_the_limit_is_refused_and_the_next_is_served(served: Served) -> None:
    served.shop.catalogs["luma"] = {}
    large = pb.SearchProductsRequest(
        parent="catalogs/luma",
        query=[pb.QueryPart(image=bytes(17 * 2**20)), pb.QueryPart(image=bytes(17 * 2**20))],
    )
    with pytest.raises(grpc.RpcError) as caught:
        served.search.SearchProducts(large)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert served.search.SearchProducts(REQUEST).total_size == 0
