"""How a workload reaches each kind of system."""

import json

import pytest
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.load.arrivals import constant, in_order
from benchmarks.load.echo import Echo, echo
from benchmarks.load.interleaving import Bench, Rounds
from benchmarks.load.systems import omnishelf, over_http
from benchmarks.workloads.workload import Kind, Question, Workload
from server.errors import InvalidRequest

REQUEST = pb.SearchProductsRequest(
    parent="catalogs/shop", query=[pb.QueryPart(text="红色 mug")], page_size=20
).SerializeToString()


def asking(kind: Kind) -> Workload:
    question = Question(kind=kind, request=REQUEST)
    return Workload(name="one", catalog="shop", data="", questions=(question, question))


def test_grpc_takes_requests_as_they_are() -> None:
    system = omnishelf("omnishelf", "127.0.0.1:9", pid=7)
    assert list(system.on_wire(asking(Kind.TEXT))) == [REQUEST, REQUEST]
    assert system.groups() == {"server": (7,)}


def test_http_takes_protobufs_json() -> None:
    system = over_http("http://127.0.0.1:9/search")
    first, second = system.on_wire(asking(Kind.TEXT))
    assert json.loads(first) == {
        "parent": "catalogs/shop",
        "query": [{"text": "红色 mug"}],
        "pageSize": 20,
    }
    assert first is second
    assert system.address == ""
    assert system.groups() == {}


def test_http_knows_no_pages() -> None:
    with pytest.raises(InvalidRequest, match="leave the kind out"):
        over_http("http://127.0.0.1:9/search").on_wire(asking(Kind.PAGED))


def test_of_what_runs_elsewhere_no_process_is_known() -> None:
    assert omnishelf("omnishelf", "192.0.2.1:8700").groups() == {}


def test_rounds_take_turns_and_have_the_marks_they_are_given() -> None:
    with echo(Echo(reply_bytes=5)) as one, Bench() as bench:
        for name in ("a", "b"):
            bench.add(omnishelf(name, one.address, pid=one.pid))
        rounds = Rounds(
            plan=lambda _: in_order(constant(20.0, seconds=0.2), questions=2), count=2, rate=20.0
        )
        for _ in range(5):  # of a round in which the machine stands still not all is sent
            seen: list[int] = []
            found = bench.run(rounds, asking(Kind.TEXT), progress=seen.append)
            assert seen == [0, 1, 2, 3]
            assert found.failure is None
            assert [(each.name, len(each.rounds)) for each in found.systems] == [("a", 2), ("b", 2)]
            statuses = [each.statuses for system in found.systems for each in system.rounds]
            if statuses == [{"OK": 4}] * 4:
                return
    pytest.fail(f"not all was answered: {statuses}")
