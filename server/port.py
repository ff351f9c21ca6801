"""The port of a server: found out to be free, or kept for a group of processes."""

from __future__ import annotations

import socket
import sys
from types import TracebackType
from typing import Self

from server.errors import AlreadyInUse, FailedPrecondition

_LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1"}  # noqa: S104 - compared, not bound


def target(host: str, port: int) -> str:
    """``host:port``, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def local_target(host: str, port: int) -> str:
    """Where callers on this machine reach who listens on ``host``."""
    return target(_LOCAL.get(host, host), port)


def refuse_taken_port(host: str, port: int) -> None:
    """Find out that a port is taken before anything slow is opened; 0 is always free.

    Raises:
        AlreadyInUse: Somebody listens there.
    """
    _bound(host, port).close()


class SharedPort:
    """A port on which nobody but the processes of one group may listen, until it is closed.

    Nobody is answered by it: the kernel spreads connections over those of the group that listen.
    """

    def __init__(self, host: str, port: int) -> None:
        """Take the port; 0 for one that the system chooses.

        Raises:
            AlreadyInUse: Somebody listens there.
            FailedPrecondition: the system does not spread connections over processes.
        """
        if sys.platform != "linux":
            raise FailedPrecondition(
                "several worker processes on one port need Linux; leave --workers out",
                reason="WORKERS_NEED_LINUX",
            )
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        # Bound alone, and opened to the group only now: so nobody had the port, and no other server
        # that shares its port gets this one.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

    def close(self) -> None:
        """Keep it no longer; again does nothing."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def taken(host: str, port: int) -> AlreadyInUse:
    """What is said of a port that cannot be had."""
    return AlreadyInUse(
        f"port {port} is taken, or {host} is no address of this machine; choose another with "
        "--port or --host",
        reason="PORT_IN_USE",
        port=str(port),
    )


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError:
        raise taken(host, port) from None
    try:
        # What the last server's connections left behind is nobody.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise taken(host, port) from None
    return bound
