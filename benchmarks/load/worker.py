"""The process that makes load: connects once, runs rounds when told, answers with columns."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from benchmarks.load.lookout import Lookout
from benchmarks.load.measured import Plan
from benchmarks.load.sending import Column, Columns, send_closed, send_open
from benchmarks.load.target import Connection, Target
from server.errors import OmnishelfError

_SWITCH_SECONDS = 1e-4
"""How long a Python thread may keep the interpreter from another: that long at most a finished
call waits for its time stamp (the default is 5 ms)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What the next rounds ask."""

    requests: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One round to run.

    Attributes:
        plan: When to ask what.
        seconds: When a closed loop stops asking; None for the end of its plan.
        keep_replies: Whether the replies come back.
    """

    plan: Plan
    seconds: float | None
    keep_replies: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one round gave.

    Attributes:
        columns: Times, statuses and replies.
        started_at: Seconds since 1970.
        wall_seconds: What the wall clock said the round took.
        steady_seconds: What the monotonic clock said.
        gone: Whether the server was found to be gone.
    """

    columns: Columns
    started_at: float
    wall_seconds: float
    steady_seconds: float
    gone: bool


def work(pipe: Pipe) -> None:
    """Take a target, connect, say so, then run what comes through the pipe until it is closed.

    The answers are True (connected, or requests taken), a `Found`, or an `OmnishelfError`.
    """
    # Ctrl-C is for the process that asked: it closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A server's goodbye is told as an outcome; lines of gRPC's own would tear the progress bar. It
    # looks when it is imported, and that is when the target is received.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    sys.setswitchinterval(_SWITCH_SECONDS)
    requests: tuple[bytes, ...] = ()
    connection: Connection | None = None
    try:
        target: Target = pipe.recv()
        while True:
            try:
                if connection is None:
                    connection = target.connect()
                    pipe.send(True)
                order = pipe.recv()
                if isinstance(order, Requests):
                    requests = order.requests
                    pipe.send(True)
                    continue
                found = run_round(order, requests, connection=connection, target=target)
                pipe.send(found)
                if found.gone:
                    # The next round finds out, by a connection of its own, whether it is back.
                    connection.close()
                    connection = _connected_when_asked(pipe, target)
            except OmnishelfError as error:
                pipe.send(error)
                return
    except (EOFError, BrokenPipeError):
        return
    finally:
        if connection is not None:
            connection.close()


def _connected_when_asked(pipe: Pipe, target: Target) -> Connection:
    """Wait until something is wanted, and connect anew only then."""
    pipe.poll(None)
    return target.connect()


def run_round(
    order: Order, requests: Sequence[bytes], *, connection: Connection, target: Target
) -> Found:
    """Run one round in this process."""
    plan = order.plan
    column = Column(count=plan.places.size, keep_replies=order.keep_replies)
    gc.collect()
    gc.disable()  # a collection would delay sending and time stamps by milliseconds
    try:
        with Lookout(target) as lookout:
            wall, steady = time.time(), time.perf_counter()
            if plan.callers:
                seconds = order.seconds if order.seconds is not None else float("inf")
                send_closed(
                    plan, requests, connection=connection, column=column, lookout=lookout,
                    seconds=seconds,
                )  # fmt: skip
            else:
                send_open(plan, requests, connection=connection, column=column, lookout=lookout)
            column.wait_for_outcomes(plan.timeout_seconds, lookout=lookout)
            wall_seconds, steady_seconds = time.time() - wall, time.perf_counter() - steady
    finally:
        gc.enable()
    return Found(
        columns=column.columns(),
        started_at=wall,
        wall_seconds=wall_seconds,
        steady_seconds=steady_seconds,
        gone=lookout.gone,
    )
