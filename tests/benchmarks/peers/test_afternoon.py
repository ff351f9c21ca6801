"""The afternoon service answers as ours does, over real HTTP and a real engine."""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

import pytest
from google.protobuf.json_format import MessageToJson
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.load.grpc_target import GrpcTarget
from benchmarks.load.http_target import HttpTarget
from benchmarks.parts import afternoon_peer
from benchmarks.parts.shop import CATALOG, request_of
from benchmarks.peers.afternoon.process import RunningAfternoon, afternoon
from benchmarks.peers.afternoon.replies import ids_of
from exporter.spec import STARTER_DIRECTORY
from ranker import registry
from server.app import build_app
from server.commands.temporary import in_folder
from server.evaluation.judged import JudgedQuery, read_judged
from server.ingest.files import open_catalog
from server.ingest.load_file import load_file
from server.ingest.report import IngestReport
from server.settings import load_settings
from tests.benchmarks.workloads.small_shop import SmallShop, picture, write_small_shop

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SmallShop:
    return write_small_shop(tmp_path_factory.mktemp("files"), pictures=4)


@pytest.fixture(scope="module")
def address(
    shop: SmallShop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, RunningAfternoon]]:
    """Ours, which runs in this process, and the service over a copy of its data."""
    folder = tmp_path_factory.mktemp("served")
    settings = in_folder(load_settings(flags={"log.level": "error"}), folder / "ours")
    with build_app(settings) as app:
        sink = partial(app.writer.stream, CATALOG)
        load_file(open_catalog(shop.catalogue, mapping={}), sink, report=IngestReport())
    shutil.copytree(folder / "ours", folder / "theirs")
    with (
        build_app(settings) as app,
        afternoon(
            folder / "theirs",
            CATALOG,
            bundle=STARTER_DIRECTORY,
            ranker=registry.DEFAULT_DIRECTORY,
            workers=1,
        ) as running,
    ):
        yield app.start(), running


def post(url: str, body: bytes) -> tuple[int, bytes]:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    try:
        connection.request("POST", place.path, body, JSON)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_both_answer_alike(address: tuple[str, RunningAfternoon], shop: SmallShop) -> None:
    ours, running = address
    judged = [each for each in read_judged(shop.queries) if isinstance(each, JudgedQuery)][:3]
    alike = afternoon_peer.agreement(
        GrpcTarget(name="ours", address=ours), HttpTarget(name="theirs", url=running.url), judged
    )
    assert alike.queries == 3
    assert alike.same_first_ten == 1.0
    assert alike.ndcg_at_10_ours == alike.ndcg_at_10_theirs > 0.5


def test_a_picture_is_searched_for(address: tuple[str, RunningAfternoon]) -> None:
    # Ours frames a picture a little otherwise, so of so few products the order may differ.
    request = pb.SearchProductsRequest(
        parent="catalogs/shop", query=[pb.QueryPart(image=picture(shade=80))], page_size=4
    )
    status, reply = post(address[1].url, MessageToJson(request).encode())
    assert status == 200
    assert set(ids_of(reply)) == {"mug-red", "mug-blue", "lamp", "shoe"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"query": []}', 400),
        (b'{"query": [{"image": "bm8gcGljdHVyZQ=="}]}', 400),
        (b'{"query": [{"text": "mug"}], "filter": "price < 3"}', 422),
        (b"no json", 422),
    ],
)
def test_what_it_cannot_answer_is_refused(
    address: tuple[str, RunningAfternoon], body: bytes, status: int
) -> None:
    assert post(address[1].url, body)[0] == status


def test_requests_are_those_of_the_harness(address: tuple[str, RunningAfternoon]) -> None:
    body = MessageToJson(request_of("red mug"), indent=None).encode()
    status, reply = post(address[1].url, body)
    assert status == 200
    assert ids_of(reply)[0] == "mug-red"
