"""A gRPC connection to Triton: calls that end with their caller's deadline, errors as ours."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

import grpc
from tritonclient.grpc import service_pb2_grpc

from server.deadline import Deadline
from server.encoders.triton_errors import error_of
from server.errors import OmnishelfError, Unavailable

Message: TypeAlias = Any
"""A message of Triton's protocol, or a part of one; the generated stubs have no types."""

_SERVICE_CONFIG = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})

# A Triton that was restarted is found again within a second. Pings, only while a call is under way,
# notice a host that vanished; Triton ends connections that are pinged more often without traffic.
_CHANNEL_OPTIONS = (
    ("grpc.service_config", _SERVICE_CONFIG),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.min_reconnect_backoff_ms", 2_000),  # in truth the longest wait for one connection
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.use_local_subchannel_pool", 1),  # a connection of its own, with its own back-off
)


class TritonCall:
    """A call under way, which its caller may leave before its end."""

    def __init__(self, future: Any, *, address: str, to: str, deadline: Deadline) -> None:  # noqa: ANN401 - grpc.Future and grpc.Call in one
        self._future = future
        self._address = address
        self._to = to
        self._deadline = deadline
        self._settled = threading.Event()
        future.add_done_callback(lambda _, settled=self._settled: settled.set())
        cancellation = deadline.cancellation
        leave = self._settled.set
        self._forget = cancellation.on_cancel(leave) if cancellation else lambda: None

    def result(self) -> Message:
        """Wait for the answer, at most until the deadline.

        Raises:
            DeadlineExceeded: the time is spent or the caller has left.
            Unavailable: as `server.encoders.triton_errors` says.
        """
        self._settled.wait(self._deadline.timeout_seconds())
        self._forget()
        if not self._future.done():
            raise self._error(grpc.StatusCode.DEADLINE_EXCEEDED, "")
        # The code is read before the result: a future raises itself, and would then hold the frames
        # that hold it until the garbage collector comes round.
        code = self._future.code()
        if code is grpc.StatusCode.OK:
            return self._future.result()
        raise self._error(code, self._future.details() or "")

    def at_end(self, callback: Callable[[], object]) -> None:
        """Have ``callback`` called once the call has ended, at once if it has."""
        self._future.add_done_callback(lambda _: callback())

    def cancel(self) -> None:
        """End the call unseen; after its end does nothing."""
        self._forget()
        self._future.cancel()

    def _error(self, code: grpc.StatusCode, details: str) -> OmnishelfError:
        return error_of(code, details, address=self._address, to=self._to, deadline=self._deadline)


class TritonConnection:
    """One channel, usable from any thread.

    ``address`` is ``HOST:PORT`` or any gRPC target; where a name stands for several servers, calls
    go round. It connects with the first call, and again by itself after a restart.
    """

    def __init__(self, address: str, *, call_seconds: float) -> None:
        """``call_seconds`` is the longest that a call may take whose caller would wait longer."""
        self.address = address
        self._call_seconds = call_seconds
        self._channel = grpc.insecure_channel(address, options=_CHANNEL_OPTIONS)
        self._stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        self._closed = False

    def start(
        self,
        method: str,
        request: Message,
        *,
        to: str,
        deadline: Deadline,
        whole_deadline: bool = False,
    ) -> TritonCall:
        """Send ``request`` without waiting for the answer.

        Args:
            method: A method of Triton's service: "ModelInfer".
            request: Its message.
            to: What it is for, for the error's message: "encode pictures".
            deadline: The caller's, which bounds how long the answer is waited for. The call itself
                is given `call_seconds`, and goes on when its caller leaves unless it is cancelled.
            whole_deadline: Whether the call is given the deadline instead.

        Raises:
            DeadlineExceeded: the deadline has passed.
            Unavailable: the connection is closed.
        """
        deadline.check(f"Triton was asked to {to}")
        if self._closed:
            raise self._gone(to)
        seconds = deadline.timeout_seconds() if whole_deadline else self._call_seconds
        try:
            future = getattr(self._stub, method).future(request, timeout=seconds)
        except ValueError as error:  # it was closed between the two lines
            raise self._gone(to) from error
        return TritonCall(future, address=self.address, to=to, deadline=deadline)

    def ask(
        self,
        method: str,
        request: Message,
        *,
        to: str,
        deadline: Deadline,
        whole_deadline: bool = False,
    ) -> Message:
        """Send ``request`` and wait; raises as `start` and `TritonCall.result` do."""
        return self.start(
            method, request, to=to, deadline=deadline, whole_deadline=whole_deadline
        ).result()

    def seconds_of(self, deadline: Deadline) -> float:
        """Seconds that a call started now may take."""
        return deadline.within(self._call_seconds).remaining_seconds()

    def close(self) -> None:
        """End the channel and every call on it; again does nothing."""
        self._closed = True
        self._channel.close()

    def _gone(self, to: str) -> Unavailable:
        return Unavailable(
            f"the connection to Triton at {self.address} is closed, so it cannot {to}",
            reason="TRITON_UNREACHABLE",
        )
