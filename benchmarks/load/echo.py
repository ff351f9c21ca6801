"""An empty gRPC server in a process of its own: it answers any call with the same bytes."""

from __future__ import annotations

import itertools
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import cast

import grpc

from server.errors import Unavailable

_START_SECONDS = 60.0
_THREADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """How it answers.

    Attributes:
        reply_bytes: Size of every reply.
        delay_seconds: Waited before each answer.
        stall_at: The number, from 1, of the call with which everything stands still; 0 for none.
        stall_seconds: For how long nobody is answered then.
    """

    reply_bytes: int = 0
    delay_seconds: float = 0.0
    stall_at: int = 0
    stall_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningEcho:
    """Where an echo answers, and its process."""

    address: str
    pid: int


@contextmanager
def echo(plan: Echo | None = None) -> Iterator[RunningEcho]:
    """Run an echo on a free port until the block ends.

    Raises:
        Unavailable: it did not start.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, plan or Echo()), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(_START_SECONDS):
            raise Unavailable("the empty echo did not start; run the command again")
        yield RunningEcho(address=f"127.0.0.1:{ours.recv()}", pid=process.pid or 0)
    finally:
        ours.close()
        process.join(5)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def _serve(pipe: Pipe, plan: Echo) -> None:
    server = grpc.server(
        ThreadPoolExecutor(_THREADS),
        options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)],
    )
    handler = grpc.unary_unary_rpc_method_handler(_answerer(plan))
    server.add_generic_rpc_handlers(
        (cast("grpc.GenericRpcHandler[bytes, bytes]", _Anything(handler)),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    pipe.send(port)
    try:
        pipe.recv()  # nothing comes: it ends when the other side does
    except (EOFError, KeyboardInterrupt):
        server.stop(None).wait()


@dataclass(frozen=True, slots=True)
class _Anything:
    """Answers every unary method alike, as gRPC asks a `GenericRpcHandler`."""

    handler: grpc.RpcMethodHandler[bytes, bytes]

    def service(self, _details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """The one handler."""
        return self.handler


def _answerer(plan: Echo) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    reply = bytes(plan.reply_bytes)
    numbers = itertools.count(1)
    standing = threading.Lock()

    def answer(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        if plan.stall_at:
            # Whoever comes while one call holds this lock stands still with it.
            with standing:
                if next(numbers) == plan.stall_at:
                    time.sleep(plan.stall_seconds)
        if plan.delay_seconds:
            time.sleep(plan.delay_seconds)
        return reply

    return answer
