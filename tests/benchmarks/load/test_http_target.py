"""A real HTTP service, asked as load does."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

import pytest

from benchmarks.load.http_target import HttpTarget
from benchmarks.load.target import Outcome
from server.errors import InvalidRequest, Unavailable


class Service(BaseHTTPRequestHandler):
    """Answers /STATUS with that status and the body it was given; /hang never."""

    protocol_version = "HTTP/1.1"
    # Else a reply's head waits for the acknowledgement of the last: 40 ms.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        CONNECTIONS.add(self.client_address)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/hang":
            OVER.wait(60)
        status = int(self.path[1:]) if self.path[1:].isdigit() else 200
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/close":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its parent's name
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    """Says nothing of callers that left."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass it over."""


CONNECTIONS: set[object] = set()
OVER = threading.Event()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    service = Quiet(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=service.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{service.server_port}"
    OVER.set()
    service.shutdown()
    service.server_close()


def ask(url: str, *bodies: bytes, timeout: float = 60.0, connections: int = 1) -> list[Outcome]:
    """All at once; their outcomes as they came."""
    ended: SimpleQueue[Outcome] = SimpleQueue()
    connection = HttpTarget(name="peer", url=url, connections=connections).connect()
    for body in bodies:
        connection.ask(body, ended.put, timeout_seconds=timeout)
    found = [ended.get(timeout=120) for _ in bodies]
    connection.close()
    return found


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (200, "OK"),
        (400, "INVALID_ARGUMENT"),
        (429, "RESOURCE_EXHAUSTED"),
        (503, "UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"),
        (418, "UNKNOWN"),
        (500, "UNKNOWN"),
    ],
)
def test_statuses_have_the_names_of_grpc(address: str, status: int, name: str) -> None:
    (found,) = ask(f"{address}/{status}", b"{}")
    assert found == Outcome(name, b"{}" if name == "OK" else b"")


def test_a_connection_is_kept(address: str) -> None:
    CONNECTIONS.clear()
    bodies = [b"%d" % number for number in range(20)]
    found = ask(f"{address}/", *bodies)
    assert [each.reply for each in found] == bodies
    assert len(CONNECTIONS) == 1


def test_a_connection_that_is_closed_is_opened_again(address: str) -> None:
    CONNECTIONS.clear()
    assert {each.status for each in ask(f"{address}/close", b"1", b"2", b"3")} == {"OK"}
    assert len(CONNECTIONS) == 3


def test_a_large_reply_comes_whole(address: str) -> None:
    body = bytes(range(256)) * 8_000
    assert ask(f"{address}/", body) == [Outcome("OK", body)]


def test_time_is_kept_also_while_waiting_for_a_connection(address: str) -> None:
    found = ask(f"{address}/hang", b"1", b"2", timeout=0.2)
    assert [each.status for each in found] == ["DEADLINE_EXCEEDED"] * 2


def test_a_service_that_is_gone_is_unavailable(address: str) -> None:
    target = HttpTarget(name="none", url="http://127.0.0.1:9/", connect_seconds=0.1)
    with pytest.raises(Unavailable):
        target.connect()
    assert not target.listens()
    assert HttpTarget(name="peer", url=address).listens()


@pytest.mark.parametrize("url", ["https://127.0.0.1:1/", "127.0.0.1:1", "http:///x"])
def test_what_is_no_such_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        HttpTarget(name="peer", url=url).connect()
