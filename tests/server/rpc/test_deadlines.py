"""What a call's deadline is, asked over a real connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any, TypeAlias

import grpc
import pytest

from server.deadline import Deadline
from server.rpc.deadlines import deadline_of

METHOD = "/test.Waiting/Wait"
Ask: TypeAlias = Any
Handler: TypeAlias = Any


class Waiting(grpc.GenericRpcHandler):  # type: ignore[type-arg] # at run time not generic
    """Hands over each call's deadline, then answers when it may."""

    def __init__(self) -> None:
        self.deadlines: Queue[tuple[Deadline, float]] = Queue()
        self.answer = threading.Event()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        return grpc.unary_unary_rpc_method_handler(self.wait)

    def wait(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        deadline = deadline_of(context, default_seconds=20)
        self.deadlines.put((deadline, deadline.remaining_seconds()))
        self.answer.wait(20)
        return b""


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def ask(waiting: Waiting) -> Iterator[Ask]:
    workers = ThreadPoolExecutor(4)
    server = grpc.server(workers, options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((waiting,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel.unary_unary(METHOD, None, None)
    waiting.answer.set()
    server.stop(None).wait()
    workers.shutdown()


@pytest.mark.parametrize(
    # gRPC sends a time in at most three digits of its unit, rounded up: 59.96 s as 60.0 s.
    ("timeout", "least", "most"),
    [(None, 0, 20), (50.0, 20, 50.1), (200.0, 50.1, 201)],
)
def test_it_is_the_callers_or_the_default(
    ask: Ask, waiting: Waiting, timeout: float | None, least: float, most: float
) -> None:
    waiting.answer.set()
    ask(b"", timeout=timeout)
    _, remaining = waiting.deadlines.get(timeout=60)
    assert least < remaining <= most


def test_a_caller_who_leaves_cancels_it(ask: Ask, waiting: Waiting) -> None:
    call = ask.future(b"", timeout=60)
    deadline, _ = waiting.deadlines.get(timeout=60)
    heard = threading.Event()
    assert deadline.cancellation is not None
    assert not deadline.cancelled
    deadline.cancellation.on_cancel(heard.set)
    call.cancel()
    assert heard.wait(60)
    assert deadline.cancelled


def test_the_end_of_the_call_ends_it_too(ask: Ask, waiting: Waiting) -> None:
    waiting.answer.set()
    ask(b"", timeout=60)
    deadline, _ = waiting.deadlines.get(timeout=60)
    ended = threading.Event()
    assert deadline.cancellation is not None
    deadline.cancellation.on_cancel(ended.set)
    assert ended.wait(60)
