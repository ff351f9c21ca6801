"""TCP ports for a managed Triton: free, and such that no client's own socket takes them."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from server.errors import AlreadyInUse

LOOPBACK = "127.0.0.1"
_LOWEST = 20_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUAL_EPHEMERAL = 32_768
_TRIES = 50


def free_port() -> int:
    """Give a loopback port that nothing listens on.

    It lies below the range that the system gives to clients: a client that calls again and again
    while Triton is restarted would otherwise be given Triton's port one day, and keep it.

    Raises:
        AlreadyInUse: ``TRITON_PORT``, none of many was free.
    """
    below = _first_ephemeral()
    for _ in range(_TRIES):
        port = random.randrange(_LOWEST, below)  # noqa: S311 - to spread, not to hide
        if is_free(port):
            return port
    raise AlreadyInUse(
        f"no free port between {_LOWEST} and {below} for Triton; end what holds them, or name a "
        "Triton of your own with --triton",
        reason="TRITON_PORT",
    )


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    with socket.socket() as trial:
        # As Triton itself does: connections of an earlier run that still fade away do not count.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _first_ephemeral() -> int:
    try:
        first = int(_EPHEMERAL.read_text("ascii").split()[0])
    except (OSError, ValueError, IndexError):
        first = _USUAL_EPHEMERAL
    return first if first > _LOWEST + _TRIES else _USUAL_EPHEMERAL
