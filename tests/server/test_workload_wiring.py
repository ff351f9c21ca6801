"""A server warms up before it says that it serves, and records what it answers."""

import io
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from omnishelf.v1 import search_service_pb2 as pb
from omnishelf.v1 import search_service_pb2_grpc
from PIL import Image
from prometheus_client import generate_latest

from server.app import App, build_app
from server.catalog.record import ProductRecord
from server.errors import AlreadyInUse, InvalidRequest
from server.feedback.search_store import SearchStore
from server.ingest.incoming import IncomingProduct
from server.rpc.channel import open_channel
from server.settings import ServerSettings, load_settings
from server.workload.line import EndLine, Header, end_json, header_json
from server.workload.ordered_recording import OrderedRecording
from server.workload.reading import WorkloadReader
from server.workload_wiring import open_workloads

WARM_UP = "\n".join(
    [
        header_json(Header(name="shop")),
        (
            '{"kind": "paged", "request": {"parent": "catalogs/shop", "page_size": 1, "query": '
            '[{"text": "reading lamp"}]}}'
        ),
        (
            '{"kind": "picture", "request": {"parent": "catalogs/shop", "query": '
            '[{"image_absent": {"size": 900, "width": 64, "height": 48}}]}}'
        ),
        '{"kind": "text", "request": {"parent": "catalogs/nowhere", "query": [{"text": "x"}]}}',
        end_json(EndLine(recorded=3, dropped=0)),
    ]
)


@pytest.fixture
def warm_up(tmp_path: Path) -> Path:
    path = tmp_path / "warm-up.jsonl"
    path.write_text(WARM_UP)
    return path


def filled(app: App) -> None:
    items = [
        IncomingProduct(record=ProductRecord(id=each, title=title, group_id=each))
        for each, title in (("lamp", "Reading lamp"), ("shoe", "Running shoes"))
    ]
    app.writer.write("shop", items, all_or_none=True)


def serves(port: int, *, within_seconds: float = 0.3) -> bool:
    """Whether the health of a server says so; a port that does not answer does not."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # a stub without types
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=within_seconds)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), (200, 30, 30)).save(file, "JPEG")
    return file.getvalue()


def test_a_server_warms_up_and_records(
    tmp_path: Path, free_port: int, warm_up: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "recorded.jsonl"
    settings = load_settings(
        flags={
            "data": tmp_path / "data",
            "server.port": free_port,
            "server.warm_up": warm_up,
            "server.record": record,
        }
    )
    healthy: list[bool] = []

    def given_up() -> bool:
        healthy.append(serves(free_port))
        return False

    with (
        open_workloads(settings.server, given_up=given_up) as workloads,
        build_app(settings) as app,
    ):
        filled(app)
        address = app.start(workloads)
        assert healthy == [False] * 3, "asked before each of the three questions"
        assert serves(free_port, within_seconds=60.0)
        told = capsys.readouterr().out
        assert "warmed up" in told
        assert "answered=2" in told
        assert "{'CATALOG_NOT_FOUND': 1}" in told
        app.learning.searches.flush()
        assert not list(SearchStore(app.store).iterate("shop"))
        with open_channel(address) as channel:
            stub = search_service_pb2_grpc.SearchServiceStub(channel)
            request = pb.SearchProductsRequest(
                parent="catalogs/shop",
                query=[pb.QueryPart(text="lamp 1234567"), pb.QueryPart(image=jpeg())],
                page_size=1,
                shopper=pb.Shopper(user="ann"),
            )
            first = stub.SearchProducts(request)
            request.page_token = first.next_page_token
            stub.SearchProducts(request)
            with pytest.raises(grpc.RpcError):
                stub.SearchProducts(pb.SearchProductsRequest(parent="catalogs/shop"))
        page = generate_latest(app.metrics.registry).decode()
    assert "omnishelf_workload_dropped_total 0.0" in page
    kept = list(WorkloadReader(path=record))
    assert [each.kind for each in kept] == ["mixed", "paged"], "what was refused is not recorded"
    assert kept[0].request.query[0].text == "lamp …"
    assert (kept[1].absent[0].width, kept[1].absent[0].height) == (60, 40)
    assert not kept[1].request.page_token
    assert b"ann" not in record.read_bytes()


def test_files_are_looked_at_before_anything_is_opened(tmp_path: Path, warm_up: Path) -> None:
    warm_up.write_text(WARM_UP + "\n{")
    with (
        pytest.raises(InvalidRequest, match="line 6: not JSON"),
        open_workloads(ServerSettings(warm_up=warm_up)),
    ):
        raise AssertionError
    record = tmp_path / "notes.txt"
    record.write_text("milk\n")
    with (
        pytest.raises(InvalidRequest, match="the first line must be a header"),
        open_workloads(ServerSettings(record=record)),
    ):
        raise AssertionError
    assert record.read_text() == "milk\n"


def test_a_process_of_a_group_leaves_the_file_to_its_keeper(tmp_path: Path) -> None:
    settings = ServerSettings(record=tmp_path / "shop.jsonl")
    with (
        open_workloads(settings),
        pytest.raises(AlreadyInUse),
        open_workloads(settings),
    ):
        raise AssertionError
    keeper = OrderedRecording(tmp_path / "group.jsonl")
    with open_workloads(settings, keeper=keeper), open_workloads(settings) as alone:
        assert alone.recorder is not None
    assert sorted(each.name for each in tmp_path.iterdir()) == ["group.jsonl", "shop.jsonl"]


def test_without_files_nothing_is_opened() -> None:
    with open_workloads(ServerSettings()) as workloads:
        assert workloads.recorder is None
        assert workloads.warm_up is None
