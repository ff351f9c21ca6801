"""The health check believes a server that serves, and no other."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from deploy import healthcheck
from deploy.healthcheck import is_serving


@pytest.fixture
def server() -> Iterator[tuple[health.HealthServicer, str]]:
    servicer = health.HealthServicer()
    running = grpc.server(ThreadPoolExecutor(max_workers=2))
    health_pb2_grpc.add_HealthServicer_to_server(servicer, running)
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    yield servicer, f"127.0.0.1:{port}"
    running.stop(grace=None).wait()


@pytest.mark.parametrize(
    ("status", "serving"),
    [
        (health_pb2.HealthCheckResponse.SERVING, True),
        (health_pb2.HealthCheckResponse.NOT_SERVING, False),
    ],
)
def test_a_running_server(
    server: tuple[health.HealthServicer, str],
    status: int,
    serving: bool,  # noqa: FBT001 - a column of the table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(healthcheck, "TIMEOUT_SECONDS", 60.0)
    servicer, address = server
    servicer.set("", status)
    assert is_serving(address) is serving


def test_nobody_listens(silent_port: int) -> None:
    assert is_serving(f"127.0.0.1:{silent_port}") is False
