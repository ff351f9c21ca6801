"""The contract of a system under load: connect to it, ask it bytes, hear one outcome for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

OK: Final = "OK"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one request ended.

    Attributes:
        status: ``OK``, or the name of a gRPC status code; HTTP targets map theirs to these.
        reply: The reply's bytes as they came, undecoded; empty where there was none.
    """

    status: str
    reply: bytes = b""


Done = Callable[[Outcome], None]
"""Called once for each request, from any thread; must return at once."""


class Connection(Protocol):
    """An open way to a system; any number of requests may be under way on it."""

    def ask(self, request: bytes, done: Done, *, timeout_seconds: float) -> None:
        """Send a request and return without waiting for its outcome; never raises."""

    def close(self) -> None:
        """End it; requests under way end with `CANCELLED`."""


class Target(Protocol):
    """A system by its address. It is pickled: load is made in a process of its own."""

    @property
    def name(self) -> str:
        """For tables."""

    def connect(self) -> Connection:
        """Open a way to it.

        Raises:
            OmnishelfError: nothing answers there; the message says what to do.
        """
