import threading
from collections.abc import Callable
from typing import Any

import grpc
import pytest
import structlog
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from omnishelf.v1 import product_service_pb2
from omnishelf.v1 import search_service_pb2 as pb
from structlog.testing import LogCapture

from server.deadline import Deadline
from server.errors import NotFound
from server.query import Query, SearchResult

REQUEST = pb.SearchProductsRequest(parent="catalogs/luma", query=[pb.QueryPart(text="a secret")])
METHOD = "SearchService/SearchProducts"

Served = Any
"""`conftest.Served`, which importlib mode keeps out of reach."""


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> LogCapture:
    capture = LogCapture()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture])
    return capture


def _refusal(call: Callable[[], object]) -> tuple[grpc.StatusCode, error_details_pb2.ErrorInfo]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    status = rpc_status.from_call(caught.value)  # type: ignore[arg-type] # it is a Call too
    info = error_details_pb2.ErrorInfo()
    assert status is not None
    assert status.details[0].Unpack(info)
    return caught.value.code(), info


def _calls(served: Served, code: str, method: str = METHOD) -> float | None:
    labels = {"method": method, "code": code}
    value: float | None = served.metrics.registry.get_sample_value("omnishelf_calls_total", labels)
    return value


def test_a_domain_error_becomes_its_status(served: Served) -> None:
    def behave(query: Query, deadline: Deadline) -> SearchResult:
        raise NotFound("there is no catalog luma", reason="CATALOG_NOT_FOUND", catalog="luma")

    served.shop.behave = behave
    code, info = _refusal(lambda: served.search.SearchProducts(REQUEST))
    assert code is grpc.StatusCode.NOT_FOUND
    assert (info.domain, info.reason) == ("omnishelf", "CATALOG_NOT_FOUND")
    assert _calls(served, "NOT_FOUND") == 1


def test_an_unforeseen_error_is_logged_and_its_text_kept_back(
    served: Served, log: LogCapture
) -> None:
    def behave(query: Query, deadline: Deadline) -> SearchResult:
        raise RuntimeError("password=hunter2")

    served.shop.behave = behave
    with pytest.raises(grpc.RpcError) as caught:
        served.search.SearchProducts(REQUEST)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "hunter2" not in str(caught.value)
    (entry,) = [each for each in log.entries if each["event"] == "unforeseen error"]
    assert entry["error_id"] in str(caught.value.details())
    assert entry["exc_info"]
    served.shop.behave = None
    served.shop.catalogs["luma"] = {}
    assert served.search.SearchProducts(REQUEST).total_size == 0


def test_one_line_a_call_without_the_words(served: Served, log: LogCapture) -> None:
    served.shop.catalogs["luma"] = {}
    served.search.SearchProducts(REQUEST)
    (entry,) = log.entries
    assert (entry["event"], entry["method"], entry["code"]) == ("call", METHOD, "OK")
    assert (entry["search_id"], entry["text_characters"], entry["hits"]) == ("s1", 8, 0)
    assert set(entry["stage_milliseconds"]) == {"queue", "encode", "serialise", "other"}
    assert "secret" not in str(entry)


def test_facts_of_one_call_do_not_reach_the_next(served: Served, log: LogCapture) -> None:
    served.shop.catalogs["luma"] = {}
    served.search.SearchProducts(REQUEST)
    with pytest.raises(grpc.RpcError):
        served.products.GetProduct(product_service_pb2.GetProductRequest(name="wrong"))
    assert "search_id" not in log.entries[1]
    assert log.entries[1]["reason"] == "PRODUCT_NAME_INVALID"


def test_more_calls_than_permits_are_refused_at_the_door(
    serve: Callable[..., Served], make_result: Callable[..., SearchResult]
) -> None:
    served = serve(calls=2)
    entered, leave = threading.Semaphore(0), threading.Event()

    def behave(query: Query, deadline: Deadline) -> SearchResult:
        entered.release()
        assert leave.wait(60)
        return make_result(0)

    served.shop.behave = behave
    running = [served.search.SearchProducts.future(REQUEST) for _ in range(2)]
    for _ in running:
        assert entered.acquire(timeout=60)
    code, info = _refusal(lambda: served.search.SearchProducts(REQUEST))
    assert (code, info.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert served.metrics.registry.get_sample_value("omnishelf_calls_in_flight") == 2
    leave.set()
    assert [call.result(60).total_size for call in running] == [0, 0]
    assert served.search.SearchProducts(REQUEST).total_size == 0
    assert served.metrics.registry.get_sample_value("omnishelf_calls_in_flight") == 0
    assert (_calls(served, "OK"), _calls(served, "RESOURCE_EXHAUSTED")) == (3, 1)


@pytest.mark.parametrize(
    ("timeout", "least", "most"), [(None, 61.0, 90.0), (60.0, 1.0, 61.0), (200.0, 91.0, 202.0)]
)
def test_the_callers_deadline_reaches_the_search(
    serve: Callable[..., Served],
    make_result: Callable[..., SearchResult],
    timeout: float | None,
    least: float,
    most: float,
) -> None:
    served = serve(default_seconds=90)
    seen: list[float] = []

    def behave(query: Query, deadline: Deadline) -> SearchResult:
        seen.append(deadline.remaining_seconds())
        return make_result(0)

    served.shop.behave = behave
    with grpc.insecure_channel(served.server.address) as channel:
        call = channel.unary_unary(
            f"/omnishelf.v1.{METHOD}",
            request_serializer=pb.SearchProductsRequest.SerializeToString,
            response_deserializer=pb.SearchProductsResponse.FromString,
        )
        call(REQUEST, timeout=timeout)
    assert least < seen[0] <= most


def test_a_deadline_that_passes_frees_its_permit(served: Served) -> None:
    begun: list[float] = []

    def behave(query: Query, deadline: Deadline) -> SearchResult:
        begun.append(deadline.remaining_seconds())
        assert not threading.Event().wait(begun[-1] + 0.05)
        deadline.check("retrieval")
        raise AssertionError

    served.shop.behave = behave
    # A call whose time is over before it is begun shows nothing: the next one has more.
    for timeout in (0.2, 2.0, 20.0):
        with pytest.raises(grpc.RpcError) as caught:
            served.search.SearchProducts(REQUEST, timeout=timeout)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        if begun:
            break
    served.server.stop(grace_seconds=60)
    assert begun
    assert served.metrics.registry.get_sample_value("omnishelf_calls_in_flight") == 0
    assert (_calls(served, "DEADLINE_EXCEEDED") or 0) >= len(begun)


def test_ten_thousand_cancelled_calls_leave_every_permit(
    serve: Callable[..., Served], make_result: Callable[..., SearchResult]
) -> None:
    served = serve(calls=4)
    served.shop.behave = lambda query, deadline: make_result(3)
    for _ in range(10_000):
        served.search.SearchProducts.future(REQUEST).cancel()
    served.server.stop(grace_seconds=60)
    assert served.metrics.registry.get_sample_value("omnishelf_calls_in_flight") == 0
