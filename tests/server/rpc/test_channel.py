import json
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from omnishelf.v1 import (
    encoder_service_pb2,
    feedback_service_pb2,
    product_service_pb2,
    rule_service_pb2,
    search_service_pb2_grpc,
)
from omnishelf.v1 import search_service_pb2 as pb

from server.deadline import Deadline
from server.errors import (
    AlreadyInUse,
    DataCorrupted,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidRequest,
    NotBuilt,
    NotFound,
    OmnishelfError,
    Overloaded,
    Unavailable,
    Violation,
)
from server.query import Query, SearchResult
from server.rpc.channel import open_channel, service_config, wire_errors

REQUEST = pb.SearchProductsRequest(parent="catalogs/luma", query=[pb.QueryPart(text="a")])

Served = Any
"""`conftest.Served`, which importlib mode keeps out of reach."""


def _raising(error: OmnishelfError) -> Callable[[Query, Deadline], SearchResult]:
    def behave(query: Query, deadline: Deadline) -> SearchResult:
        raise error

    return behave


@pytest.mark.parametrize(
    "error",
    [
        NotFound("no catalog", reason="CATALOG_NOT_FOUND", catalog="luma"),
        AlreadyInUse("taken"),
        FailedPrecondition("index it again", reason="OTHER_BUNDLE"),
        Overloaded("later"),
        DeadlineExceeded("too late", stage="retrieval"),
        DataCorrupted("damaged"),
        NotBuilt("experiment_unit", "leave it out"),
        OmnishelfError("odd", reason="ODD"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_crosses_the_wire_whole(served: Served, error: OmnishelfError) -> None:
    served.shop.behave = _raising(error)
    with pytest.raises(OmnishelfError) as caught, wire_errors("here"):
        served.search.SearchProducts(REQUEST)
    assert type(caught.value) is type(error)
    assert (caught.value.message, caught.value.reason) == (error.message, error.reason)
    assert caught.value.facts == error.facts


def test_violations_cross_the_wire(served: Served) -> None:
    found = [
        Violation(field="query[0].image", reason="PICTURE_FORMAT", description="send a JPEG"),
        Violation(field="query[1].text", reason="TEXT_BLANK", description="写字"),
    ]
    served.shop.behave = _raising(InvalidRequest(found))
    with pytest.raises(InvalidRequest) as caught, wire_errors("here"):
        served.search.SearchProducts(REQUEST)
    assert list(caught.value.violations) == found


def test_hundreds_of_violations_still_arrive_as_such(served: Served) -> None:
    found = [
        Violation(field=f"products[{place}].title", reason="TITLE", description="太长了" * 60)
        for place in range(256)
    ]
    served.shop.behave = _raising(InvalidRequest(found))
    with pytest.raises(InvalidRequest) as caught, wire_errors("here"):
        served.search.SearchProducts(REQUEST)
    assert caught.value.violations[0].field == "products[0].title"
    assert "more violations" in caught.value.violations[-1].description


def test_no_server_is_said_with_the_remedy(silent_port: int) -> None:
    target = f"127.0.0.1:{silent_port}"
    with open_channel(target) as channel:
        stub = search_service_pb2_grpc.SearchServiceStub(channel)
        with pytest.raises(Unavailable, match="omnishelf serve") as caught, wire_errors(target):
            stub.SearchProducts(REQUEST)
    assert caught.value.reason == "NO_SERVER"


def test_a_search_is_tried_again_while_a_part_is_unavailable(
    served: Served, make_result: Callable[..., SearchResult]
) -> None:
    attempts = []

    def behave(query: Query, deadline: Deadline) -> SearchResult:
        attempts.append(deadline.remaining_seconds())
        if len(attempts) < 3:
            raise Unavailable("starting")
        return make_result(0)

    served.shop.behave = behave
    assert served.search.SearchProducts(REQUEST).search_id == "s1"
    assert len(attempts) == 3


def test_a_search_is_not_tried_a_fourth_time(served: Served) -> None:
    served.shop.behave = _raising(Unavailable("down", reason="INDEX_DOWN"))
    with pytest.raises(Unavailable) as caught, wire_errors("here"):
        served.search.SearchProducts(REQUEST)
    assert caught.value.reason == "INDEX_DOWN"
    calls = served.metrics.registry.get_sample_value(
        "omnishelf_calls_total", {"method": "SearchService/SearchProducts", "code": "UNAVAILABLE"}
    )
    assert calls == 3


def test_what_is_wrong_is_not_tried_again(served: Served) -> None:
    with pytest.raises(InvalidRequest), wire_errors("here"):
        served.search.SearchProducts(pb.SearchProductsRequest())
    calls = served.metrics.registry.get_sample_value(
        "omnishelf_calls_total",
        {"method": "SearchService/SearchProducts", "code": "INVALID_ARGUMENT"},
    )
    assert calls == 1


def test_the_service_config_brings_the_timeout_where_the_caller_has_none(
    served: Served, make_result: Callable[..., SearchResult]
) -> None:
    seen: list[float] = []

    def behave(query: Query, deadline: Deadline) -> SearchResult:
        seen.append(deadline.remaining_seconds())
        return make_result(0)

    served.shop.behave = behave
    served.search.SearchProducts(REQUEST)
    served.search.SearchProducts(REQUEST, timeout=60)
    # Of five seconds, and not of the server's ten.
    assert 0 < seen[0] <= 5.1
    assert 10.1 < seen[1] <= 61


def test_grpc_accepts_the_service_config_for_every_method() -> None:
    config = json.loads(service_config())
    services = {
        "omnishelf.v1.SearchService": pb.DESCRIPTOR,
        "omnishelf.v1.ProductService": product_service_pb2.DESCRIPTOR,
        "omnishelf.v1.EncoderService": encoder_service_pb2.DESCRIPTOR,
        "omnishelf.v1.FeedbackService": feedback_service_pb2.DESCRIPTOR,
        "omnishelf.v1.RuleService": rule_service_pb2.DESCRIPTOR,
    }
    for entry in config["methodConfig"]:
        for name in entry["name"]:
            service = services[name["service"]].services_by_name[name["service"].split(".")[-1]]
            assert name.get("method", service.methods[0].name) in service.methods_by_name


def test_a_broken_service_config_would_be_noticed(served: Served) -> None:
    broken = service_config().replace('"maxAttempts": 3', '"maxAttempts": 1')
    options = [("grpc.service_config", broken)]
    with grpc.insecure_channel(served.server.address, options=options) as channel:
        stub = search_service_pb2_grpc.SearchServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.SearchProducts(REQUEST, timeout=60)
    assert "maxAttempts" in str(caught.value.details())
