"""An HTTP service under load: one POST a request, over connections that are kept."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit

import httptools

from benchmarks.load.grpc_target import port_accepts
from benchmarks.load.target import OK, Done, Outcome
from server.errors import InvalidRequest, Unavailable, Violation

STATUS_NAMES: Final = {
    200: OK,
    400: "INVALID_ARGUMENT",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""gRPC's names for HTTP statuses; any other is `UNKNOWN`."""

_READ_BYTES = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTarget:
    """A URL that takes requests as bodies of POSTs.

    Attributes:
        name: For tables.
        url: ``http://HOST:PORT/PATH``; no TLS, which would be measured instead of the service.
        content_type: Of the bodies.
        connections: Most that are open, and so most requests under way; further ones wait for one,
            on the clock. Each is opened when it is first needed.
        connect_seconds: How long to wait until the service accepts connections.
    """

    name: str
    url: str
    content_type: str = "application/json"
    connections: int = 64
    connect_seconds: float = 5.0

    def connect(self) -> HttpConnection:
        """Wait until the service accepts connections.

        Raises:
            InvalidRequest: the URL is not of that form.
            Unavailable: nothing accepts connections there.
        """
        path = self._place()[1]
        address = self.address
        give_up = time.monotonic() + self.connect_seconds
        while not port_accepts(address):
            if time.monotonic() > give_up:
                raise Unavailable(
                    f"nothing answers at {self.url}; start it, or name where it runs", url=self.url
                )
            time.sleep(0.05)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {self.content_type}\r\n"
            "Content-Length: "
        )
        return HttpConnection(address, head=head.encode("ascii"), connections=self.connections)

    @property
    def address(self) -> str:
        """``HOST:PORT`` of the URL."""
        return self._place()[0]

    def listens(self) -> bool:
        """Whether something accepts connections there."""
        return port_accepts(self.address)

    def _place(self) -> tuple[str, str]:
        """``HOST:PORT`` and the path."""
        parts = urlsplit(self.url)
        if parts.scheme != "http" or not parts.hostname or not self.url.isascii():
            violation = Violation(
                field="--against",
                reason="URL_INVALID",
                description=f"{self.url!r} is no address; write http://HOST:PORT/PATH",
            )
            raise InvalidRequest([violation])
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return f"{parts.hostname}:{parts.port or 80}", path


class HttpConnection:
    """Connections, each used by a thread of its own.

    The client is as lean as it can be, bytes to a socket and a C parser, because what it takes is
    taken from the cores of the service that is measured.
    """

    def __init__(self, address: str, *, head: bytes, connections: int) -> None:
        self._address = address
        self._head = head
        self._own = threading.local()
        self._open: list[socket.socket] = []
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="http")

    def ask(self, request: bytes, done: Done, *, timeout_seconds: float) -> None:
        """Send a request from a free thread and return."""
        give_up = time.monotonic() + timeout_seconds
        try:
            future = self._threads.submit(self._exchange, request, give_up)
        except RuntimeError:  # closed
            done(Outcome("CANCELLED"))
            return

        def tell(ended: Future[Outcome]) -> None:
            done(Outcome("CANCELLED") if ended.cancelled() else ended.result())

        future.add_done_callback(tell)

    def close(self) -> None:
        """Close all: what is under way ends `UNAVAILABLE`, what waits `CANCELLED`."""
        for each in list(self._open):
            each.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _exchange(self, request: bytes, give_up: float) -> Outcome:
        """One request and its reply; a kept connection that was closed meanwhile is opened anew."""
        kept: socket.socket | None = getattr(self._own, "socket", None)
        try:
            if kept is not None:
                outcome = self._over(kept, request, give_up=give_up)
                if outcome is not None:
                    return outcome
            fresh = self._connected(give_up)
            return self._over(fresh, request, give_up=give_up) or Outcome("UNAVAILABLE")
        except TimeoutError:
            self._drop()
            return Outcome("DEADLINE_EXCEEDED")
        except OSError:
            self._drop()
            return Outcome("UNAVAILABLE")

    def _connected(self, give_up: float) -> socket.socket:
        host, _, port = self._address.rpartition(":")
        made = socket.create_connection((host, int(port)), timeout=_left(give_up))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._own.socket = made
        self._open.append(made)
        return made

    def _drop(self) -> None:
        kept: socket.socket | None = getattr(self._own, "socket", None)
        if kept is not None:
            kept.close()
            self._open.remove(kept)
            self._own.socket = None

    def _over(self, kept: socket.socket, request: bytes, *, give_up: float) -> Outcome | None:
        """Ask over an open connection; None where it was closed before any byte of a reply."""
        reading = _Reading()
        parser: _Parser = httptools.HttpResponseParser(reading)
        kept.settimeout(_left(give_up))
        try:
            kept.sendall(b"%b%d\r\n\r\n%b" % (self._head, len(request), request))
            data = kept.recv(_READ_BYTES)
        except (BrokenPipeError, ConnectionResetError):
            data = b""
        if not data:
            self._drop()
            return None
        while True:
            parser.feed_data(data)
            if reading.complete:
                break
            kept.settimeout(_left(give_up))
            data = kept.recv(_READ_BYTES)
            if not data:
                raise ConnectionResetError
        status = STATUS_NAMES.get(parser.get_status_code(), "UNKNOWN")
        if reading.closes:
            self._drop()
        return Outcome(status, b"".join(reading.body) if status == OK else b"")


class _Parser(Protocol):
    def feed_data(self, data: bytes) -> None: ...
    def get_status_code(self) -> int: ...


class _Reading:
    """What the parser tells of one reply."""

    def __init__(self) -> None:
        self.body: list[bytes] = []
        self.complete = False
        self.closes = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"connection" and value.lower() == b"close":
            self.closes = True

    def on_body(self, part: bytes) -> None:
        self.body.append(part)

    def on_message_complete(self) -> None:
        self.complete = True


def _left(give_up: float) -> float:
    left = give_up - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
