"""Jobs for Triton's towers done side by side, within the slots that all callers share."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from server.arrays import Float32Array
from server.deadline import Deadline
from server.encoders.triton_connection import TritonCall, TritonConnection
from server.encoders.triton_memory import Region, Regions
from server.encoders.triton_message import Job, request_of, rows_of
from server.encoders.triton_slots import Slot, Slots
from server.errors import Unavailable

_LEFT_SECONDS = 1.0
"""Longest wait at the end for requests whose callers have left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """A job under way: its call, the slot it holds, and the region its picture lies in."""

    job: Job
    call: TritonCall
    slot: Slot
    region: Region | None


class TritonRequests:
    """Sends jobs and reads their answers. May be used from any thread."""

    def __init__(
        self,
        connection: TritonConnection,
        *,
        regions: Regions,
        max_in_flight: int,
        cancel_calls: bool,
    ) -> None:
        self._connection = connection
        self._regions = regions
        self._slots = Slots(max_in_flight)
        self._cancel_calls = cancel_calls

    @property
    def shares_memory(self) -> bool:
        """Whether pictures go through shared memory, as far as is known."""
        return self._regions.used

    def encode(self, jobs: Iterable[Job], vectors: Float32Array, *, deadline: Deadline) -> None:
        """Do every job, as many at a time as slots are free, and fill the rows of ``vectors``.

        Whoever has requests under way reads their answers before waiting for the slots of others:
        two callers that each hold what the other waits for would wait for ever.

        Raises:
            Unavailable: Triton is away, refuses, or answered something that is no unit vector.
            DeadlineExceeded: the time is spent or the caller has left. What is under way is left
                to end by itself, or cancelled, whatever the error.
        """
        under_way: deque[_Sent] = deque()
        try:
            for job in jobs:
                slot = self._slots.take_free()
                while slot is None and under_way:
                    self._finish(under_way.popleft(), vectors, deadline=deadline)
                    slot = self._slots.take_free()
                slot = slot or self._slots.take(deadline=deadline)
                under_way.append(self._start(job, slot, deadline=deadline))
            while under_way:
                self._finish(under_way.popleft(), vectors, deadline=deadline)
        finally:
            for sent in under_way:  # only after an error
                self._leave(sent.call, sent.slot)

    def close(self) -> None:
        """Let the shared memory go once requests that were left have ended; again does nothing."""
        self._slots.await_all(_LEFT_SECONDS)
        regions = [slot.region for slot in self._slots.all if slot.region is not None]
        for slot in self._slots.all:
            slot.region = None
        self._regions.forget(regions, deadline=Deadline.never())

    def _start(self, job: Job, slot: Slot, *, deadline: Deadline) -> _Sent:
        try:
            region = self._placed(job, slot, deadline=deadline)
            call = self._send(job, region, deadline=deadline)
        except BaseException:
            self._slots.give(slot)
            raise
        return _Sent(job=job, call=call, slot=slot, region=region)

    def _placed(self, job: Job, slot: Slot, *, deadline: Deadline) -> Region | None:
        """Lay the only input of a job into the slot's region; None if it is to be sent."""
        array, *others = job.inputs.values()
        if others or not self._regions.takes(array.nbytes):
            return None
        slot.region = self._regions.fitting(slot.region, array.nbytes, deadline=deadline)
        if slot.region is not None:
            slot.region.write(array)
        return slot.region

    def _finish(self, sent: _Sent, vectors: Float32Array, *, deadline: Deadline) -> None:
        call = sent.call
        try:
            try:
                response = call.result()
            except Unavailable as error:
                if error.reason != "TRITON_REGION_LOST" or sent.region is None:
                    raise
                # Triton was restarted, most likely. This answer takes the way that is sure.
                self._regions.lost(sent.region)
                sent.slot.region = None
                call = self._send(sent.job, None, deadline=deadline)
                response = call.result()
            else:
                if sent.region is not None:
                    sent.region.served = True
            rows = sent.job.rows
            vectors[rows] = rows_of(response, count=len(rows), dimension=vectors.shape[1])
        finally:
            self._leave(call, sent.slot)

    def _leave(self, call: TritonCall, slot: Slot) -> None:
        """Give the slot back at the call's end, which most often is past.

        A slot is held as long as Triton may work on its request or read its region. Callers who
        leave in numbers could else fill a Triton with work that nobody wants.
        """
        if self._cancel_calls:
            call.cancel()
        call.at_end(lambda: self._slots.give(slot))

    def _send(self, job: Job, region: Region | None, *, deadline: Deadline) -> TritonCall:
        request = request_of(job, region=region, seconds=self._connection.seconds_of(deadline))
        return self._connection.start("ModelInfer", request, to=job.to, deadline=deadline)
