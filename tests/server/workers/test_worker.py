"""Two real workers: what one counts and answers both know, all is recorded, the engine may die."""

from __future__ import annotations

import itertools
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator

import grpc
import pytest
from omnishelf.v1 import (
    feedback_service_pb2,
    feedback_service_pb2_grpc,
    product_pb2,
    product_service_pb2,
    product_service_pb2_grpc,
    search_service_pb2,
    search_service_pb2_grpc,
)

from server.workload.reading import WorkloadReader
from tests.server.workers.running_group import (
    PARENT,
    RunningGroup,
    fresh_channel,
    running_group,
    search,
    search_request,
    until,
)

LAMP = f"{PARENT}/products/lamp"
MUG = f"{PARENT}/products/mug"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="groups need Linux")

_numbers = itertools.count()


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGroup]:
    """A group whose workers both serve two products."""
    with running_group(tmp_path_factory.mktemp("group")) as group:
        upsert(group.channels[0], LAMP, MUG)
        until(lambda: found(group.channels[1]) == {LAMP, MUG})
        yield group


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """Words of searches that were answered and, as the tests know, recorded."""
    return []


def upsert(channel: grpc.Channel, *names: str) -> None:
    products = [
        product_pb2.Product(name=each, title="Reading lamp", group_id=each) for each in names
    ]
    product_service_pb2_grpc.ProductServiceStub(channel).BatchUpsertProducts(
        product_service_pb2.BatchUpsertProductsRequest(parent=PARENT, products=products),
        timeout=60,
    )


def found(channel: grpc.Channel) -> set[str]:
    """What is found; nothing where the worker has not heard of the catalog, or is away."""
    try:
        return {hit.product.name for hit in search(channel, "setting up").hits}
    except grpc.RpcError:
        return set()


def record(
    channel: grpc.Channel, product: str, *, clicks: int = 1, search_id: str = ""
) -> feedback_service_pb2.RecordEventsResponse:
    """Record clicks on a product, each of another visit."""
    events = []
    for _ in range(clicks):
        event = feedback_service_pb2.Event(
            event_id=f"event-{next(_numbers)}",
            type=feedback_service_pb2.EVENT_TYPE_CLICK,
            product=product,
            search_id=search_id,
        )
        event.session = event.user = f"visit of {event.event_id}"
        event.time.FromSeconds(int(time.time()))
        events.append(event)
    return feedback_service_pb2_grpc.FeedbackServiceStub(channel).RecordEvents(
        feedback_service_pb2.RecordEventsRequest(parent=PARENT, events=events), timeout=60
    )


def popularity(channel: grpc.Channel, product: str) -> float:
    """What a product's counts add to its score."""
    (hit,) = (
        each
        for each in search(channel, "setting up", explain=True).hits
        if each.product.name == product
    )
    (part,) = (each.value for each in hit.contributions if each.family == "popularity")
    return part


def recorded(group: RunningGroup) -> list[str]:
    """Words of the recording, in its order, but for what is asked to set up or to wait."""
    whole, _, _ = group.recording.read_bytes().rpartition(b"\n")
    lines = [json.loads(line) for line in whole.splitlines()[1:]]
    words = [line["request"]["query"][0]["text"] for line in lines if "request" in line]
    return [each for each in words if each != "setting up"]


@pytest.mark.parametrize(("told", "other", "product"), [(0, 1, LAMP), (1, 0, MUG)])
def test_events_sent_to_one_worker_count_in_what_both_serve(
    group: RunningGroup, told: int, other: int, product: str
) -> None:
    before = popularity(group.channels[told], product)
    assert popularity(group.channels[other], product) == before
    assert record(group.channels[told], product, clicks=200).recorded_count == 200
    until(lambda: popularity(group.channels[other], product) > before)
    served = popularity(group.channels[other], product)
    until(lambda: popularity(group.channels[told], product) == served)


def test_a_search_of_one_worker_is_known_to_the_other(group: RunningGroup) -> None:
    reply = search(group.channels[0], "setting up")
    sent = 0

    def known() -> bool:
        nonlocal sent
        sent += 1
        return record(group.channels[1], LAMP, search_id=reply.search_id).unknown_search_count == 0

    until(known)
    assert record(group.channels[1], LAMP, search_id="nobody's").unknown_search_count == 1
    assert sent < 1_000


def test_a_search_of_one_worker_is_explained_by_the_other(group: RunningGroup) -> None:
    shown = {
        hit.product.name: (hit.position, hit.score)
        for hit in search(group.channels[0], "setting up", explain=True).hits
    }
    stub = search_service_pb2_grpc.SearchServiceStub(group.channels[1])
    explained = stub.ExplainRanking(
        search_service_pb2.ExplainRankingRequest(search=search_request("setting up"), product=LAMP),
        timeout=60,
    )
    assert {
        each.product: (each.position, each.score) for each in (explained.product, explained.other)
    } == shown


def test_what_both_answer_is_one_recording(group: RunningGroup, asked: list[str]) -> None:
    for number, worker in enumerate([0, 1, 1, 0, 1, 0, 0, 1]):
        asked.append(f"in turn {number}")
        search(group.channels[worker], asked[-1])
    # In which order is tested elsewhere: it is not promised of one that stands still for a second.
    until(lambda: sorted(recorded(group)) == sorted(asked))
    assert group.metric("omnishelf_workload_recorded_total") >= len(asked)
    assert group.metric("omnishelf_workload_dropped_total") == 0


def test_a_killed_worker_takes_only_what_it_had_not_said(
    group: RunningGroup, asked: list[str]
) -> None:
    answered: dict[int, list[str]] = {0: [], 1: []}
    killed = threading.Event()

    def ask(worker: int) -> None:
        for number in range(100_000):
            try:
                search(group.channels[worker], f"of {worker}: {number}")
            except grpc.RpcError:
                return
            answered[worker].append(f"of {worker}: {number}")
            if killed.is_set() and worker == 0:
                return

    threads = [threading.Thread(target=ask, args=[worker], daemon=True) for worker in (0, 1)]
    for thread in threads:
        thread.start()
    until(lambda: any(each.startswith("of 1: ") for each in recorded(group)))
    group.family("server.workers.worker")[1].kill()
    threads[1].join(120)
    killed.set()
    threads[0].join(120)
    until(lambda: set(answered[0]) <= set(recorded(group)))
    of_killed = [each for each in recorded(group) if each.startswith("of 1: ")]
    assert of_killed
    assert of_killed == [*answered[1], f"of 1: {len(answered[1])}"][: len(of_killed)]
    asked += [*answered[0], *of_killed]


def test_a_killed_engine_is_started_again_and_its_workers_with_it(
    group: RunningGroup, asked: list[str]
) -> None:
    until(lambda: len(group.family("server.workers.worker")) == 2)
    workers = group.family("server.workers.worker")
    (engine,) = group.family("/milvus")
    engine.send_signal(signal.SIGKILL)
    until(lambda: not any(each.is_running() for each in (engine, *workers)))

    def answers() -> bool:
        with fresh_channel(group.address) as channel:
            return found(channel) == {LAMP, MUG}

    until(answers)
    until(lambda: len(group.family("server.workers.worker")) == 2)
    (another,) = group.family("/milvus")
    assert another.pid != engine.pid
    with fresh_channel(group.address) as channel:
        upsert(channel, LAMP)
        asked.append("after the engine died")
        search(channel, asked[-1])


def test_asked_to_end_all_is_in_the_recording(group: RunningGroup, asked: list[str]) -> None:
    with fresh_channel(group.address) as channel:
        for number in range(20):
            asked.append(f"at last {number}")
            search(channel, asked[-1])
    group.process.send_signal(signal.SIGTERM)
    assert group.process.wait(120) == 0
    assert sorted(recorded(group)) == sorted(asked)
    assert [each for each in recorded(group) if each.startswith("at last")] == asked[-20:]
    reader = WorkloadReader(path=group.recording)
    assert reader.check() >= len(asked), "its times never fall, or it would be refused"
    lines = group.recording.read_text("utf-8").splitlines()
    assert sum('"format"' in line for line in lines) == 1
    assert lines[-1] == f'{{"end": {{"recorded": {len(lines) - 2}, "dropped": 0}}}}'
