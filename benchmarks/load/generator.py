"""Makes load from a process of its own, so that measuring takes no time from what is measured."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from benchmarks.load.marks import busy_mark, clock_mark, gone_mark, schedule_mark
from benchmarks.load.measured import Mark, MeasuredRound, Plan, Used
from benchmarks.load.processes import (
    Watch,
    cores,
    ended,
    moment,
    others_between,
    used_between,
)
from benchmarks.load.target import Target
from benchmarks.load.worker import Found, Order, Requests, work
from benchmarks.workloads.workload import digest_of
from server.errors import OmnishelfError, Unavailable

_CLIENT = "client"
_END_SECONDS = 5.0


class Generator:
    """A connected load generator for one target, as a context; one round at a time.

    Example::

        with Generator(GrpcTarget(name="ours", address="127.0.0.1:8700")) as generator:
            plan = in_order(constant(50, seconds=10), questions=len(requests))
            measured = generator.round(plan, requests, watch=Watch(groups={"server": (pid,)}))
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        # Spawned, never forked: a fork after gRPC was imported may hang.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=work, args=(theirs,), name=f"load of {target.name}", daemon=True
        )
        self._theirs = theirs
        self._loaded: str | None = None

    def __enter__(self) -> Self:
        """Start the process and connect.

        Raises:
            OmnishelfError: nothing answers there.
        """
        self._process.start()
        self._theirs.close()  # else the end of the process would not close the pipe
        try:
            self._tell(self.target)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._pipe.closed:
            return  # left already
        self._pipe.close()
        self._process.join(_END_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()

    @property
    def pid(self) -> int:
        """The process that makes the load."""
        return self._process.pid or 0

    def round(
        self,
        plan: Plan,
        requests: Sequence[bytes],
        *,
        watch: Watch | None = None,
        seconds: float | None = None,
        keep_replies: bool = True,
    ) -> MeasuredRound:
        """Run one round and wait for its end.

        Args:
            plan: When to ask what; its places are those of ``requests``.
            requests: As the wire has them; sent to the process once, and again when they change.
            watch: Processes whose CPU and memory are told, and beside which the machine must be
                quiet; None looks at none and marks nothing as busy.
            seconds: When a closed loop stops asking; None for the end of its plan.
            keep_replies: False gives empty replies, where they are many and nobody reads them.

        Raises:
            OmnishelfError: the server has not come back since a round that it left, or the
                process that makes load ended.
        """
        digest = digest_of(requests)
        if digest != self._loaded:
            self._tell(Requests(requests=tuple(requests)))
            self._loaded = digest
        before = moment(self._with_client(watch)) if watch else None
        found = self._tell(Order(plan=plan, seconds=seconds, keep_replies=keep_replies))
        if not isinstance(found, Found):
            raise Unavailable("the load generator answered something else; it is broken")
        used: dict[str, Used] = {}
        marks = _marks_of(plan, found, ended=ended(watch) if watch else [])
        if watch and before:
            after = moment(self._with_client(watch))
            used = used_between(before, after)
            busy = busy_mark(
                others_cpu_seconds=others_between(before, after),
                seconds=after.at - before.at,
                cores=cores(),
            )
            marks += [busy] if busy else []
        columns = found.columns
        return MeasuredRound(
            plan=plan,
            sent_seconds=columns.sent_seconds,
            done_seconds=columns.done_seconds,
            statuses=columns.statuses,
            replies=columns.replies,
            started_at=found.started_at,
            used=used,
            marks=tuple(marks),
        )

    def _with_client(self, watch: Watch) -> Watch:
        return Watch(groups={**watch.groups, _CLIENT: (self.pid,)}, ours=watch.ours)

    def _tell(self, order: Target | Requests | Order) -> object:
        # A process that has ended can still have said why.
        with suppress(BrokenPipeError):
            self._pipe.send(order)
        return self._answer()

    def _answer(self) -> object:
        try:
            answer = self._pipe.recv()
        except (EOFError, ConnectionResetError):
            raise Unavailable(
                f"the process that makes load for {self.target.name} ended; run the command again",
                reason="GENERATOR_ENDED",
            ) from None
        if isinstance(answer, OmnishelfError):
            raise answer
        return answer


def _marks_of(plan: Plan, found: Found, *, ended: list[int]) -> list[Mark]:
    columns = found.columns
    sent = columns.sent_seconds
    gone = gone_mark(gone=found.gone, ended=ended, sent=sent.size, planned=plan.places.size)
    clock = clock_mark(
        wall_seconds=found.wall_seconds,
        steady_seconds=found.steady_seconds,
        standstill_seconds=columns.standstill_seconds,
    )
    kept_to = None if plan.callers or gone else schedule_mark(plan.due_seconds, sent)
    return [mark for mark in (gone, clock, kept_to) if mark]
