"""A gRPC server under load: bytes in, bytes out, nothing (de)serialised on the clock."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import grpc

from benchmarks.load.target import OK, Done, Outcome
from server.errors import Unavailable

SEARCH: Final = "/omnishelf.v1.SearchService/SearchProducts"

_OPTIONS = (
    # A channel of its own for every connection, also to an address that another one leads to.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A server that comes back is found at once, not after a back-off that grows.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcTarget:
    """A unary method of a gRPC server.

    Attributes:
        name: For tables.
        address: ``HOST:PORT``.
        method: Full path of the method.
        metadata: Sent with every call.
        connect_seconds: How long to wait until the server answers.
        connections: Channels to share the calls among, in turn: as many clients as a server with
            several processes behind one port needs to be used as a whole.
    """

    name: str
    address: str
    method: str = SEARCH
    metadata: tuple[tuple[str, str], ...] = ()
    connect_seconds: float = 5.0
    connections: int = 1

    def connect(self) -> GrpcConnection:
        """Open channels and wait until the server answers on each.

        Raises:
            Unavailable: nothing answers there.
        """
        channels = [
            grpc.insecure_channel(self.address, options=_OPTIONS) for _ in range(self.connections)
        ]
        try:
            for channel in channels:
                grpc.channel_ready_future(channel).result(timeout=self.connect_seconds)
        except grpc.FutureTimeoutError:
            for channel in channels:
                channel.close()
            raise Unavailable(
                f"nothing answers on {self.address}; start it (omnishelf serve), or name where it "
                "runs",
                address=self.address,
            ) from None
        return GrpcConnection(channels, method=self.method, metadata=self.metadata)

    def listens(self) -> bool:
        """Whether something accepts connections at the address."""
        return port_accepts(self.address)


class GrpcConnection:
    """Open channels; `ask` may be called from one thread at a time."""

    def __init__(
        self,
        channels: list[grpc.Channel],
        *,
        method: str,
        metadata: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._channels = channels
        self._calls: list[grpc.UnaryUnaryMultiCallable[bytes, bytes]] = [
            channel.unary_unary(method, request_serializer=None, response_deserializer=None)
            for channel in channels
        ]
        self._metadata = metadata or None
        self._next = 0

    def ask(self, request: bytes, done: Done, *, timeout_seconds: float) -> None:
        """Send a request and return; ``done`` hears of the outcome from gRPC's thread."""
        call = self._calls[self._next]
        self._next = (self._next + 1) % len(self._calls)
        try:
            future = call.future(request, timeout=timeout_seconds, metadata=self._metadata)
        except (ValueError, grpc.RpcError):  # the channel was closed
            done(Outcome("CANCELLED"))
            return
        future.add_done_callback(_telling(future, done))

    def close(self) -> None:
        """Close the channels; calls under way end with `CANCELLED`."""
        for channel in self._channels:
            channel.close()


def port_accepts(address: str, *, timeout_seconds: float = 1.0) -> bool:
    """Whether something accepts TCP connections at ``HOST:PORT``."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=timeout_seconds):
            return True
    except OSError:
        return False


def _telling(call: grpc.CallFuture[bytes], done: Done) -> Callable[[grpc.Future[bytes]], None]:
    def tell(_future: grpc.Future[bytes]) -> None:
        code = call.code()
        if code is grpc.StatusCode.OK:
            done(Outcome(OK, call.result()))
        else:
            done(Outcome(code.name))

    return tell
